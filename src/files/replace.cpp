// Replaces files by a new file and a rename, never by writing over the only copy of a user's work.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "amba/files/files.hpp"
#include "files/write_all.hpp"

namespace amba::files {

using core::Result;
using net::Descriptor;

namespace {

// The file that a symbolic link means; of what is not there yet, the path itself.
std::string real_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real ? real.get() : path;
}

// Writes the bytes to disk before the file has its name: a power failure must not leave an empty
// file.
int write_new(const std::string& path, const std::string& bytes, const struct stat* old) {
    const Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!fd) return errno;
    if (old) {
        // Another's file stays another's where that is allowed; else it becomes the user's.
        if (::fchown(fd.get(), old->st_uid, old->st_gid) != 0 && errno != EPERM) return errno;
        if (::fchmod(fd.get(), old->st_mode & 07777) != 0) return errno;
    }
    if (const int code = write_all(fd.get(), bytes)) return code;
    return ::fsync(fd.get()) == 0 ? 0 : errno;
}

}  // namespace

Result<void> replace_file(const std::string& path, const std::string& bytes) {
    const std::string what = "cannot write " + path;
    const std::string real = real_path(path);
    struct stat old {};
    const bool exists = ::stat(real.c_str(), &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) {
        const Descriptor fd(::open(real.c_str(), O_WRONLY | O_CLOEXEC));
        const int code = fd ? write_all(fd.get(), bytes) : errno;
        return code == 0 ? Result<void>() : core::os_error(what, code);
    }
    if (exists && ::access(real.c_str(), W_OK) != 0) return core::os_error(what, errno);
    const std::size_t slash = real.rfind('/');
    const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
    const std::string next =
        real.substr(0, name) + "." + real.substr(name) + "." + std::to_string(::getpid()) + ".new";
    int code = write_new(next, bytes, exists ? &old : nullptr);
    if (code == 0 && ::rename(next.c_str(), real.c_str()) != 0) code = errno;
    if (code == 0) return {};
    if (code != EEXIST) ::unlink(next.c_str());
    return core::os_error(what, code);
}

Result<std::string> keep_copy(const std::string& path, const std::string& bytes) {
    constexpr int kMostCopies = 1000;
    const std::string real = real_path(path);
    struct stat old {};
    const bool exists = ::stat(real.c_str(), &old) == 0;
    for (int i = 0; i < kMostCopies; ++i) {
        std::string copy = real + ".orig" + (i == 0 ? "" : "." + std::to_string(i));
        const auto there = read_file(copy);
        if (there && *there && (*there)->bytes == bytes) return copy;
        if (!there || *there) continue;
        const int code = write_new(copy, bytes, exists ? &old : nullptr);
        if (code == 0) return copy;
        if (code != EEXIST) return core::os_error("cannot keep a copy in " + copy, code);
    }
    return core::error("cannot keep a copy of " + path + ": there are " +
                       std::to_string(kMostCopies) + " already");
}

}  // namespace amba::files
