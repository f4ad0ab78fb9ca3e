// The memory limits that hold for this process: of its control group and of those above it, as far
// as they are visible here (cgroups(7); Linux's admin-guide/cgroup-v2.rst, "Memory", and
// cgroup-v1/memory.rst).
//
// In a container the hierarchy begins at the container's own group, and what is above is not seen:
// its limit is the one that `docker run --memory` sets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace amba::net {

class CgroupMemory {
  public:
    // Finds the group. `root` stands in front of all paths, for tests.
    explicit CgroupMemory(std::string root = "");

    struct Use {
        std::uint64_t limit = 0;  // bytes
        std::uint64_t used = 0;   // without pages of files that the kernel drops when it needs room
        std::uint64_t left() const { return limit - std::min(limit, used); }
    };
    // Of the group that has the least left; nullopt: there is no limit.
    std::optional<Use> look() const;

  private:
    // The files of one version of the interface.
    struct Names {
        const char* limit;
        const char* used;
        const char* inactive_file;  // the line of memory.stat
    };
    static const Names kV1;
    static const Names kV2;
    bool find(const std::string& type, const std::string& controller, const Names& names);
    std::optional<Use> look_at(const std::string& directory) const;

    const std::string root_;
    const Names* names_ = nullptr;          // null: there is no such group
    std::vector<std::string> directories_;  // the own group first, then those above it
};

}  // namespace amba::net
