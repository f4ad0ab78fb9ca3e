#include "sockets.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace bench {

namespace {

constexpr unsigned kSources = 128;  // 127.0.3.1 to 127.0.3.128

sockaddr_in address_of(const Place& place) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(static_cast<std::uint16_t>(place.port));
    if (inet_pton(AF_INET, place.address.c_str(), &out.sin_addr) != 1) {
        fail(place.address + " is not an IPv4 address");
    }
    return out;
}

void set(int fd, int level, int option) {
    const int on = 1;
    check(setsockopt(fd, level, option, &on, sizeof on), "setsockopt");
}

}  // namespace

int listen_at(const Place& place) {
    const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    set(fd, SOL_SOCKET, SO_REUSEADDR);
    set(fd, IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit it
    const sockaddr_in at = address_of(place);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at), "bind");
    check(listen(fd, 65535), "listen");
    return fd;
}

int connect_to(const Place& place) {
    static unsigned turn = 0;
    const int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    set(fd, IPPROTO_TCP, TCP_NODELAY);
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(0x7f000301u + turn++ % kSources);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from), "bind");
    const sockaddr_in to = address_of(place);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return fd;
    if (errno == EINPROGRESS) return fd;
    const int why = errno;
    ::close(fd);
    errno = why;
    return -1;
}

int accept_from(int listener) {
    return accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

}  // namespace bench
