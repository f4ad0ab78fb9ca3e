// The one file that knows version and commit: the build compiles it anew for each commit.
#include <ares.h>
#include <spdlog/version.h>

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"

namespace amba::app {

std::string version() {
    return AMBA_VERSION;
}

std::string commit() {
    return AMBA_COMMIT;
}

int command_version() {
    std::string text = "amba " + version();
    if (*AMBA_COMMIT != '\0') text += " (" AMBA_COMMIT ")";
    text += "\nBoost " + std::to_string(BOOST_VERSION / 100000) + "." +
            std::to_string(BOOST_VERSION / 100 % 1000) + ", c-ares " + ares_version(nullptr) +
            ", nlohmann/json " + std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
            std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
            std::to_string(NLOHMANN_JSON_VERSION_PATCH) + ", spdlog " +
            std::to_string(SPDLOG_VER_MAJOR) + "." + std::to_string(SPDLOG_VER_MINOR) + "." +
            std::to_string(SPDLOG_VER_PATCH) + ", CLI11 " CLI11_VERSION "\n";
    print(text);
    return kDone;
}

}  // namespace amba::app
