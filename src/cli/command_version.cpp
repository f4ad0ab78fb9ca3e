// version: the program's own, and those of the libraries that it is built with.
#include <ares.h>
#include <spdlog/version.h>

#include <CLI/Version.hpp>
#include <boost/version.hpp>
#include <nlohmann/json.hpp>

#include "amba/core/version.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

namespace {

std::string dotted(std::initializer_list<int> parts) {
    std::string out;
    for (const int part : parts)
        out += (out.empty() ? "" : ".") + std::to_string(part);
    return out;
}

}  // namespace

int command_version() {
    const std::string commit = core::commit();
    print("amba " + core::version() + (commit.empty() ? "" : " (" + commit + ")") + "\nBoost " +
          dotted({BOOST_VERSION / 100000, BOOST_VERSION / 100 % 1000}) + ", c-ares " +
          ares_version(nullptr) + ", nlohmann/json " +
          dotted({NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                  NLOHMANN_JSON_VERSION_PATCH}) +
          ", spdlog " + dotted({SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH}) +
          ", CLI11 " CLI11_VERSION "\n");
    return kDone;
}

}  // namespace amba::cli
