#include "support/temp_dir.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace amba::test {

namespace fs = std::filesystem;

TempDir::TempDir() {
    std::string path = (fs::temp_directory_path() / "amba-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
    path_ = path;
}

TempDir::~TempDir() {
    std::error_code ignored;  // a read-only mount of the test's own is gone with its namespace
    fs::remove_all(path_, ignored);
}

bool exists(const std::string& path) {
    std::error_code ignored;
    return fs::exists(fs::symlink_status(path, ignored));
}

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

void write_in_place(const std::string& path, const std::string& bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << bytes;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + path);
}

void write_and_rename(const std::string& path, const std::string& bytes) {
    const std::string next = path + ".tmp";
    write_in_place(next, bytes);
    fs::rename(next, path);
}

}  // namespace amba::test
