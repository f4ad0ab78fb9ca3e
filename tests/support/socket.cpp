#include "support/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace amba::test {

namespace {

int left_until(Clock::time_point until) {
    const auto left = std::chrono::ceil<Milliseconds>(until - Clock::now());
    return static_cast<int>(std::max<Milliseconds::rep>(left.count(), 0));
}

sockaddr_storage sockaddr_of(const Place& place, socklen_t& length) {
    sockaddr_storage out{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
    if (inet_pton(AF_INET, place.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(place.port);
        length = sizeof *v4;
    } else if (inet_pton(AF_INET6, place.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(place.port);
        length = sizeof *v6;
    } else {
        throw std::runtime_error("not an address: " + place.host);
    }
    return out;
}

int pending_error(int fd) {
    int code = 0;
    socklen_t length = sizeof code;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length);
    return code;
}

}  // namespace

SocketError::SocketError(const std::string& what, int code_in) :
    std::runtime_error(what + (code_in != 0 ? std::string(": ") + std::strerror(code_in) : "")),
    code(code_in) {}

Socket& Socket::operator=(Socket&& other) noexcept {
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
        reset_early_ = other.reset_early_;
    }
    return *this;
}

Socket Socket::connect_with(const Place& place, Milliseconds at_most, int receive_buffer) {
    socklen_t length = 0;
    const sockaddr_storage address = sockaddr_of(place, length);
    const int fd = ::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) throw SocketError("socket", errno);
    Socket made(fd);
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const std::string what = "connect to " + place.to_string();
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0) return made;
    if (errno != EINPROGRESS) throw SocketError(what, errno);
    pollfd ready{fd, POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(at_most.count())) != 1) {
        throw SocketError(what, ETIMEDOUT);
    }
    const int code = pending_error(fd);
    made.reset_early_ = code == ECONNRESET;  // a SYN that is refused would be ECONNREFUSED
    if (code != 0 && !made.reset_early_) throw SocketError(what, code);
    return made;
}

Socket Socket::connect(const Place& place, Milliseconds at_most) {
    return connect_with(place, at_most, 0);
}

Socket Socket::connect_slow_reader(const Place& place, int buffer_bytes) {
    return connect_with(place, kPatience, buffer_bytes);
}

void Socket::wait(short events, Clock::time_point until, const char* what) const {
    if (fd_ < 0) throw SocketError(std::string(what) + " on a closed socket", EBADF);
    for (;;) {
        pollfd ready{fd_, events, 0};
        const int count = ::poll(&ready, 1, left_until(until));
        if (count == 1) return;
        if (count < 0 && errno == EINTR) continue;
        throw SocketError(std::string(what) + " took too long", count < 0 ? errno : ETIMEDOUT);
    }
}

std::size_t Socket::send_some(std::string_view bytes) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EINTR) return 0;
    throw SocketError("send", errno);
}

void Socket::send(std::string_view bytes, Milliseconds at_most) {
    const auto until = Clock::now() + at_most;
    while (!bytes.empty()) {
        const std::size_t sent = send_some(bytes);
        bytes.remove_prefix(sent);
        if (sent == 0) wait(POLLOUT, until, "send");
    }
}

std::string Socket::receive_some(std::size_t at_most_bytes, Milliseconds at_most) {
    if (reset_early_) throw SocketError("receive", ECONNRESET);
    const auto until = Clock::now() + at_most;
    std::string bytes(at_most_bytes, '\0');
    for (;;) {
        const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (got >= 0) {
            bytes.resize(static_cast<std::size_t>(got));
            return bytes;
        }
        if (errno != EAGAIN && errno != EINTR) throw SocketError("receive", errno);
        wait(POLLIN, until, "receive");
    }
}

std::string Socket::receive(std::size_t count, Milliseconds at_most) {
    const auto until = Clock::now() + at_most;
    std::string bytes;
    while (bytes.size() < count) {
        const std::string more = receive_some(std::min<std::size_t>(count - bytes.size(), 1 << 20),
                                              Milliseconds(left_until(until)));
        if (more.empty()) {
            throw SocketError("the stream ended after " + std::to_string(bytes.size()) + " of " +
                                  std::to_string(count) + " bytes",
                              0);
        }
        bytes += more;
    }
    return bytes;
}

End Socket::read_to_end(std::string& bytes, Milliseconds at_most) {
    const auto until = Clock::now() + at_most;
    try {
        for (;;) {
            const std::string more = receive_some(65536, Milliseconds(left_until(until)));
            if (more.empty()) return End::kFin;
            bytes += more;
        }
    } catch (const SocketError& error) {
        if (error.code == ECONNRESET) return End::kReset;
        if (error.code == ETIMEDOUT) return End::kNone;
        throw;
    }
}

std::string Socket::receive_to_end(Milliseconds at_most) {
    std::string bytes;
    switch (read_to_end(bytes, at_most)) {
        case End::kFin: return bytes;
        case End::kReset:
            throw SocketError("reset after " + std::to_string(bytes.size()) + " bytes", ECONNRESET);
        case End::kNone: break;
    }
    throw SocketError("no end after " + std::to_string(bytes.size()) + " bytes", ETIMEDOUT);
}

End Socket::end(Milliseconds at_most) {
    std::string bytes;
    const End how = read_to_end(bytes, at_most);
    if (!bytes.empty()) {
        throw SocketError("expected the end, got " + std::to_string(bytes.size()) + " bytes", 0);
    }
    return how;
}

bool Socket::quiet() const {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == EAGAIN;
}

void Socket::finish_sending() {
    if (::shutdown(fd_, SHUT_WR) != 0) throw SocketError("shutdown", errno);
}

void Socket::reset() {
    // Disconnects (connect(2) with AF_UNSPEC), which resets at once even while a duplicate of the
    // descriptor is open somewhere.
    sockaddr none{};
    none.sa_family = AF_UNSPEC;
    if (::connect(fd_, &none, sizeof none) != 0) throw SocketError("reset", errno);
    close();
}

void Socket::close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string Socket::local() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(address.sin_port));
}

bool is_refused(const Place& place) {
    try {
        Socket::connect(place);
        return false;
    } catch (const SocketError& error) {
        return error.code == ECONNREFUSED;
    }
}

}  // namespace amba::test
