#include "support/mount.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "support/temp_dir.hpp"

namespace amba::test {

namespace {

void must(bool done, const char* what) {
    if (!done) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

MountNamespace::MountNamespace() :
    possible_(::unshare(CLONE_NEWNS) == 0 &&
              ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0) {}

MountNamespace::~MountNamespace() {
    for (const std::string& path : mounted_)
        ::umount2(path.c_str(), MNT_DETACH);
}

void MountNamespace::replace(const std::string& path, const std::string& text) {
    std::string file = "/tmp/amba-test-XXXXXX";
    const int fd = ::mkstemp(file.data());
    must(fd >= 0, "mkstemp");
    ::close(fd);
    write_in_place(file, text);
    const bool mounted = ::mount(file.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0;
    ::unlink(file.c_str());  // the mount holds it
    must(mounted, "mount --bind");
    mounted_.push_back(path);
}

void MountNamespace::bind(const std::string& file, const std::string& path) {
    must(::mount(file.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount --bind");
    mounted_.push_back(path);
}

void MountNamespace::tmpfs(const std::string& directory, unsigned kilobytes) {
    const std::string options = "mode=0755,size=" + std::to_string(kilobytes) + "k";
    must(::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) == 0, "mount tmpfs");
    mounted_.push_back(directory);
}

void MountNamespace::remount_read_only(const std::string& directory, bool read_only) const {
    const unsigned long flags = MS_REMOUNT | (read_only ? MS_RDONLY : 0);
    must(::mount("tmpfs", directory.c_str(), "tmpfs", flags, nullptr) == 0, "remount");
}

}  // namespace amba::test
