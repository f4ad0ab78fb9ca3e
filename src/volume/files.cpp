// Files of the volume are read and written whole: one place for the system calls and their errors.
#include <fcntl.h>
#include <sha2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "amba/volume/volume.hpp"
#include "volume/files.hpp"

namespace amba::volume {

using core::Error;
using core::error;
using core::Result;
using net::Descriptor;

namespace {

std::string directory_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

std::string hex(const std::uint8_t* bytes, std::size_t count) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += kDigits[bytes[i] >> 4];
        out += kDigits[bytes[i] & 15];
    }
    return out;
}

// What a person needs to know of a directory that cannot be written.
Error cannot_write(const std::string& path, int code) {
    std::string reason = "cannot write " + path + ": " + std::strerror(code);
    const bool forbidden = code == EACCES || code == EPERM || code == EROFS;
    if (forbidden) reason += "; " + ownership(directory_of(path));
    return error(reason);
}

bool write_all(int fd, const std::string& bytes) {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t wrote = ::write(fd, bytes.data() + done, bytes.size() - done);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return false;
        done += static_cast<std::size_t>(wrote);
    }
    return true;
}

std::int64_t nanoseconds(const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Mark mark_of(const struct stat& info) {
    return {info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim),
            nanoseconds(info.st_ctim)};
}

std::string ownership(const std::string& directory) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) != 0) return directory + " does not exist";
    char mode[8];
    snprintf(mode, sizeof mode, "%04o", info.st_mode & 07777u);
    return directory + " belongs to uid " + std::to_string(info.st_uid) + " with mode " + mode +
           ", and this is uid " + std::to_string(geteuid());
}

std::string Paths::hidden_socket() const {
    struct stat info {};
    if (::stat(state.c_str(), &info) != 0) return {};
    return "@amba." + std::to_string(info.st_dev) + "." + std::to_string(info.st_ino);
}

Result<std::optional<Opened>> open_file(const std::string& path) {
    // Non-blocking, so that a FIFO of that name cannot hold the reader for ever.
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT) return std::optional<Opened>();
        return core::os_error("cannot read " + path + " as uid " + std::to_string(geteuid()),
                              errno);
    }
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return core::os_error("cannot read " + path, errno);
    if (!S_ISREG(info.st_mode)) return error("cannot read " + path + ": not a regular file");
    if (static_cast<std::uint64_t>(info.st_size) > table::kMaxDocumentBytes) {
        return error("cannot read " + path + ": larger than 64 MB");
    }
    return std::optional<Opened>(Opened{std::move(fd), mark_of(info)});
}

Result<std::size_t> read_some(const Opened& file, const std::string& path, char* into,
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
    // Left by another uid that was killed, it could not be opened; it can be removed.
    ::unlink(next.c_str());
    Descriptor fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd) return cannot_write(path, errno);
    ::fchmod(fd.get(), 0644);  // whatever the umask says: helpers of any uid read it
    // Closed before it has its name: NFS tells only then that the disk is full (close(2)), and who
    // sees the file sees nothing of how it was made.
    if (!write_all(fd.get(), bytes) || ::close(fd.release()) != 0 ||
        ::rename(next.c_str(), path.c_str()) != 0) {
        const int code = errno;
        ::unlink(next.c_str());
        return cannot_write(path, code);
    }
    return {};
}

std::string sha256(std::string_view bytes) {
    SHA2_CTX context;
    std::uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Init(&context);
    SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    SHA256Final(digest, &context);
    return hex(digest, sizeof digest);
}

std::string random_id() {
    std::uint8_t bytes[16];
    // Never short for 16 bytes, and never fails once the system is up (getrandom(2)).
    if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes) std::abort();
    return hex(bytes, sizeof bytes);
}

}  // namespace amba::volume
