// A control group with a memory limit, which lives as long as the object and has no process at its
// end. Needs root, and the memory controller, of either version.
#pragma once

#include <cstdint>
#include <string>

namespace amba::test {

class MemoryCgroup {
  public:
    explicit MemoryCgroup(std::uint64_t bytes);
    ~MemoryCgroup();
    MemoryCgroup(const MemoryCgroup&) = delete;
    MemoryCgroup& operator=(const MemoryCgroup&) = delete;

    bool possible() const { return !directory_.empty(); }
    const std::string& directory() const { return directory_; }
    void limit(std::uint64_t bytes) const;
    std::uint64_t used() const;
    // Processes of it that the kernel has killed.
    int kills() const;

  private:
    std::string directory_;
    bool v2_ = false;
};

}  // namespace amba::test
