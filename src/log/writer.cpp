// How a line is written without waiting for its reader, by the kind of descriptor: see writer.hpp.
#include "log/writer.hpp"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace amba::log {

namespace {

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK;
}

// What is written at once. Up to PIPE_BUF bytes arrive in one piece where several processes write
// to one pipe (pipe(7)): as many whole lines as that holds, or one that is longer.
std::string_view next_piece(std::string_view bytes) {
    if (bytes.size() <= PIPE_BUF) return bytes;
    std::size_t end = bytes.rfind('\n', PIPE_BUF - 1);
    if (end == bytes.npos) end = bytes.find('\n');
    return bytes.substr(0, end == bytes.npos ? end : end + 1);
}

std::size_t lines_in(std::string_view bytes) {
    return static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

}  // namespace

Writer::Writer(int fd, const std::string& own_descriptors) : fd_(fd) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return;
    if (S_ISSOCK(info.st_mode)) way_ = Way::kSocket;
    if (!S_ISFIFO(info.st_mode) && !S_ISCHR(info.st_mode)) return;
    const std::string path = own_descriptors + std::to_string(fd);
    own_ = ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (own_ >= 0)
        fd_ = own_;
    else
        way_ = Way::kLent;
}

Writer::~Writer() {
    if (own_ >= 0) ::close(own_);
}

ssize_t Writer::write_lent(std::string_view bytes) const {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const ssize_t written = ::pwritev2(fd_, &part, 1, -1, RWF_NOWAIT);
    if (written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return written;
    pollfd writable{fd_, POLLOUT, 0};
    if (::poll(&writable, 1, 0) == 0) return errno = EAGAIN, -1;
    return ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
}

ssize_t Writer::write_some(std::string_view bytes) const {
    switch (way_) {
        case Way::kPlain: return ::write(fd_, bytes.data(), bytes.size());
        case Way::kSocket:
            return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        case Way::kLent: return write_lent(bytes);
    }
    return 0;
}

// How much the reader took. flows_ is false when the rest can never be written.
std::size_t Writer::write_all(std::string_view bytes) {
    flows_ = true;
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t written = write_some(next_piece(bytes.substr(done)));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) {
            flows_ = would_block(errno);
            return done;
        }
        done += static_cast<std::size_t>(written);
    }
    return done;
}

void Writer::write(std::string_view line) {
    if (keeps()) write_kept();
    if (keeps()) {
        if (kept_.size() + line.size() > kMostKept) {
            ++dropped_;
            return;
        }
        kept_ += line;
        return;
    }
    const std::size_t done = write_all(line);
    if (done == line.size()) return;
    if (flows_)
        kept_ = line.substr(done);
    else
        ++dropped_;
}

void Writer::write_kept() {
    if (!keeps()) return;
    const std::size_t done = write_all(kept_);
    if (!flows_) dropped_ += lines_in(std::string_view(kept_).substr(done));
    if (!flows_ || done == kept_.size())
        kept_ = std::string();  // which frees its memory
    else
        kept_.erase(0, done);
}

void Writer::finish(std::chrono::milliseconds at_most) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + at_most;
    for (write_kept(); keeps(); write_kept()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (left.count() <= 0) return;
        pollfd writable{fd_, POLLOUT, 0};
        ::poll(&writable, 1, static_cast<int>(left.count()));
    }
}

}  // namespace amba::log
