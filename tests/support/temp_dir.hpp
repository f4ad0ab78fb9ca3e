// A directory of a test's own, removed with all that is in it.
#pragma once

#include <string>

namespace amba::test {

class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

bool exists(const std::string& path);
// "" when there is none.
std::string read_file(const std::string& path);
// Rewrites the file in place, as `echo > file` does.
void write_in_place(const std::string& path, const std::string& bytes);
// Another name and a rename, as an editor or a careful tool does.
void write_and_rename(const std::string& path, const std::string& bytes);

}  // namespace amba::test
