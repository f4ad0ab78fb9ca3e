// Mounts of a test's own: the process moves into a mount namespace that nobody else sees, and the
// programs that it starts from then on with it. Needs root. What was mounted goes with the object.
#pragma once

#include <string>
#include <vector>

namespace amba::test {

class MountNamespace {
  public:
    MountNamespace();
    ~MountNamespace();
    MountNamespace(const MountNamespace&) = delete;
    MountNamespace& operator=(const MountNamespace&) = delete;
    bool possible() const { return possible_; }

    // Another text at the place of a file, for this process and its children.
    void replace(const std::string& path, const std::string& text);
    // A file at the place of another one, as `docker run -v FILE:FILE` does.
    void bind(const std::string& file, const std::string& path);
    // A file system of so many KB in memory.
    void tmpfs(const std::string& directory, unsigned kilobytes);
    void remount_read_only(const std::string& directory, bool read_only) const;

  private:
    bool possible_ = false;
    std::vector<std::string> mounted_;
};

}  // namespace amba::test
