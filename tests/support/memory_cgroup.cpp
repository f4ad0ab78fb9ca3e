#include "support/memory_cgroup.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/eventually.hpp"
#include "support/temp_dir.hpp"

namespace amba::test {

namespace fs = std::filesystem;

MemoryCgroup::MemoryCgroup(std::uint64_t bytes) {
    for (const bool v2 : {false, true}) {
        const std::string parent = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
        const std::string made = parent + "/amba-test-" + std::to_string(::getpid());
        std::error_code failed;
        if (!fs::exists(parent + "/cgroup.procs") || !fs::create_directory(made, failed)) continue;
        if (!fs::exists(made + (v2 ? "/memory.max" : "/memory.limit_in_bytes"))) {
            fs::remove(made, failed);
            continue;
        }
        v2_ = v2;
        directory_ = made;
        limit(bytes);
        return;
    }
}

MemoryCgroup::~MemoryCgroup() {
    // A process that has ended leaves its group a moment later.
    eventually([&] { return !possible() || ::rmdir(directory_.c_str()) == 0; });
}

void MemoryCgroup::limit(std::uint64_t bytes) const {
    std::ofstream(directory_ + (v2_ ? "/memory.max" : "/memory.limit_in_bytes")) << bytes;
}

std::uint64_t MemoryCgroup::used() const {
    return std::stoull(
        read_file(directory_ + (v2_ ? "/memory.current" : "/memory.usage_in_bytes")));
}

int MemoryCgroup::kills() const {
    std::istringstream words(
        read_file(directory_ + (v2_ ? "/memory.events" : "/memory.oom_control")));
    std::string key;
    for (int value = 0; words >> key >> value;) {
        if (key == "oom_kill") return value;
    }
    return -1;
}

}  // namespace amba::test
