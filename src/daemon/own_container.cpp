// The mount at the root, and what the kernel says of it.
#include "daemon/own_container.hpp"

#include <unistd.h>

#include <algorithm>

#include "amba/net/proc_file.hpp"

namespace amba::daemon {

namespace {

constexpr const char* kMountinfo = "/proc/self/mountinfo";
constexpr std::string_view kUpper = "upperdir=";

}  // namespace

std::string container_of(std::string_view mountinfo) {
    std::string out;
    while (!mountinfo.empty()) {
        const std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
        mountinfo.remove_prefix(std::min(line.size() + 1, mountinfo.size()));
        if (net::proc_word(line, 4) != "/") continue;
        out.clear();  // the last mount covers those before it
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        std::string_view options = net::proc_word(line.substr(dash + 3), 2);
        while (!options.empty()) {
            const std::string_view option = options.substr(0, options.find(','));
            if (option.starts_with(kUpper)) out = option.substr(kUpper.size());
            options.remove_prefix(std::min(option.size() + 1, options.size()));
        }
    }
    return out;
}

std::string own_container() {
    const bool is_main = ::getpid() == 1 || ::getppid() <= 1;  // below `docker run --init`, or at 0
    return is_main ? container_of(net::read_proc_file(kMountinfo)) : "";
}

}  // namespace amba::daemon
