// The mount at the root, and what the kernel says of it.
#include "daemon/own_container.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "amba/files/files.hpp"

namespace amba::daemon {

namespace {

constexpr const char* kMountinfo = "/proc/self/mountinfo";
constexpr std::string_view kUpper = "upperdir=";

// A file of /proc has no size.
std::string read_proc(const std::string& path) {
    std::string out;
    const auto file = files::open_file(path);
    if (!file || !*file) return out;
    std::array<char, 4096> part{};
    for (;;) {
        const auto got = files::read_some(**file, path, part.data(), part.size());
        if (!got || *got == 0) return out;
        out.append(part.data(), *got);
    }
}

// The n-th word of a line, from 0.
std::string_view word(std::string_view line, int n) {
    for (; n > 0; --n) {
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos) return {};
        line.remove_prefix(space + 1);
    }
    return line.substr(0, line.find(' '));
}

}  // namespace

std::string container_of(std::string_view mountinfo) {
    std::string out;
    while (!mountinfo.empty()) {
        const std::string_view line = mountinfo.substr(0, mountinfo.find('\n'));
        mountinfo.remove_prefix(std::min(line.size() + 1, mountinfo.size()));
        if (word(line, 4) != "/") continue;
        out.clear();  // the last mount covers those before it
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos) continue;
        std::string_view options = word(line.substr(dash + 3), 2);
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
    return is_main ? container_of(read_proc(kMountinfo)) : "";
}

}  // namespace amba::daemon
