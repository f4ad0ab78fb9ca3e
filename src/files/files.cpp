// One place for the system calls of files, and for what their errors mean.
#include "amba/files/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "files/write_all.hpp"

namespace amba::files {

using core::Error;
using core::error;
using core::Result;
using net::Descriptor;

namespace {

std::string directory_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

// What a person needs to know of a directory that cannot be written.
Error cannot_write(const std::string& path, int code) {
    std::string reason = "cannot write " + path + ": " + std::strerror(code);
    const bool forbidden = code == EACCES || code == EPERM || code == EROFS;
    if (forbidden) reason += "; " + ownership(directory_of(path));
    return error(reason);
}

std::int64_t nanoseconds(const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Mark mark_of(const struct stat& info) {
    return {info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim),
            nanoseconds(info.st_ctim)};
}

}  // namespace

std::optional<FileId> file_id(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return FileId(info.st_dev, info.st_ino);
}

std::optional<Mark> mark(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;
    return mark_of(info);
}

int write_all(int fd, const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return errno;
        done += static_cast<std::size_t>(wrote);
    }
    return 0;
}

std::string ownership(const std::string& directory) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) != 0) return directory + " does not exist";
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777u);
    return directory + " belongs to uid " + std::to_string(info.st_uid) + " with mode " + mode +
           ", and this is uid " + std::to_string(geteuid());
}

Result<std::optional<OpenFile>> open_file(const std::string& path) {
    // Non-blocking, so that a FIFO of that name cannot hold the reader for ever.
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT) return std::optional<OpenFile>();
        return core::os_error("cannot read " + path + " as uid " + std::to_string(geteuid()),
                              errno);
    }
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return core::os_error("cannot read " + path, errno);
    if (!S_ISREG(info.st_mode)) return error("cannot read " + path + ": not a regular file");
    if (static_cast<std::uint64_t>(info.st_size) > kMostBytes) {
        return error("cannot read " + path + ": larger than 64 MB");
    }
    return std::optional<OpenFile>(OpenFile{std::move(fd), mark_of(info)});
}

Result<std::size_t> read_some(const OpenFile& file, const std::string& path, char* into,
                              std::size_t room) {
    for (;;) {
        const ssize_t got = ::read(file.fd.get(), into, room);
        if (got >= 0) return static_cast<std::size_t>(got);
        if (errno != EINTR) return core::os_error("cannot read " + path, errno);
    }
}

Result<std::optional<Content>> read_file(const std::string& path) {
    auto file = open_file(path);
    if (!file) return file.error();
    if (!*file) return std::optional<Content>();
    Content content;
    content.mark = (*file)->mark;
    content.bytes.resize(static_cast<std::size_t>(content.mark.size));
    std::size_t done = 0;
    while (done < content.bytes.size()) {
        const auto got =
            read_some(**file, path, content.bytes.data() + done, content.bytes.size() - done);
        if (!got) return got.error();
        if (*got == 0) break;  // being rewritten in place: the next event shows the rest
        done += *got;
    }
    content.bytes.resize(done);
    return std::optional<Content>(std::move(content));
}

Result<void> write_file(const std::string& path, const std::string& bytes) {
    const std::size_t slash = path.rfind('/');
    const std::string next = path.substr(0, slash + 1) + "." + path.substr(slash + 1) + ".new";
    // A file that was left by a process of another uid cannot be opened, but it can be removed.
    ::unlink(next.c_str());
    Descriptor fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd) return cannot_write(path, errno);
    ::fchmod(fd.get(), 0644);  // whatever the umask says: helpers of any uid read it
    // The file is closed before it has its name: only then does NFS tell that the disk is full
    // (close(2)), and nobody sees a file that is being made.
    int code = write_all(fd.get(), bytes);
    if (code == 0 && (::close(fd.release()) != 0 || ::rename(next.c_str(), path.c_str()) != 0)) {
        code = errno;
    }
    if (code == 0) return {};
    ::unlink(next.c_str());
    return cannot_write(path, code);
}

}  // namespace amba::files
