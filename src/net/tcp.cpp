// One place for what TCP needs of Linux: which options, in which order, and what its errors mean.
#include "amba/net/tcp.hpp"

#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace amba::net {

using core::Bind;
using core::Endpoint;
using core::Result;

namespace {

constexpr int kKeepaliveIdle = 60;
constexpr int kKeepaliveInterval = 10;
constexpr int kKeepaliveCount = 6;

bool set(int fd, int level, int option, int value) {
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// The client of a loopback address is on this host: there is no congestion to control, and what
// paces (BBR) or computes cube roots only costs. Accepted sockets inherit it.
void leave_out_congestion_control(int fd) {
    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

core::Error why_not(const Bind& bind, int code) {
    std::string reason = "cannot bind " + bind.to_string();
    if (code == EADDRINUSE) return core::error(reason + ": the port is taken by another process");
    if (code == EADDRNOTAVAIL) return core::error(reason + ": no interface here has that address");
    if (code == EACCES) {
        return core::error(reason +
                           ": not permitted; ports below 1024 need "
                           "net.ipv4.ip_unprivileged_port_start=0, CAP_NET_BIND_SERVICE "
                           "or root");
    }
    return core::os_error(reason, code);
}

Result<Descriptor> bind_at(const Bind& bind, const Endpoint& endpoint, bool share) {
    sockaddr_storage address;
    const socklen_t length = endpoint.to_sockaddr(address);
    Descriptor fd(socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return why_not(bind, errno);
    set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);  // past connections in TIME_WAIT are no obstacle
    if (share) share_port(fd.get(), true);
    if (endpoint.address.is_v6()) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, bind.wildcard ? 0 : 1);
    set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd.get(), SOL_SOCKET, SO_OOBINLINE, 1);
    keep_alive(fd.get());
    if (endpoint.address.is_loopback()) leave_out_congestion_control(fd.get());
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) {
        return why_not(bind, errno);
    }
    return fd;
}

// IPv6 may be compiled out, disabled by sysctl, or without the address ::.
bool has_ipv6() {
    const Descriptor fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return false;
    sockaddr_storage any;
    const socklen_t length = Endpoint{core::Address::v6({}), 0}.to_sockaddr(any);
    return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&any), length) == 0;
}

}  // namespace

Connecting connect_to(const Endpoint& endpoint, Handshake handshake) {
    sockaddr_storage address;
    const socklen_t length = endpoint.to_sockaddr(address);
    Connecting result;
    result.socket.reset(socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!result.socket) {
        result.error = errno;
        return result;
    }
    set(result.socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set(result.socket.get(), SOL_SOCKET, SO_OOBINLINE, 1);
    if (handshake == Handshake::kUnfinished) set(result.socket.get(), IPPROTO_TCP, TCP_QUICKACK, 0);
    if (connect(result.socket.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 &&
        errno != EINPROGRESS) {
        result.error = errno;
    }
    return result;
}

bool is_local_shortage(int error) {
    switch (error) {
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
        case EADDRNOTAVAIL:  // all local ports are taken
        case EADDRINUSE:
        case EAGAIN: return true;
        default: return false;
    }
}

bool is_refused_here(int error) {
    switch (error) {
        case ENETUNREACH:
        case EHOSTUNREACH:
        case ENETDOWN:
        case EACCES:
        case EPERM:
        case EINVAL:  // a blackhole route
        case EAFNOSUPPORT: return true;
        default: return is_local_shortage(error);
    }
}

bool is_connected_to_itself(int fd) {
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length) != 0) return false;
    return peer_of(fd) == Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&own));
}

void keep_alive(int fd) {
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdle);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveInterval);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveCount);
}

std::optional<Endpoint> local_of(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return std::nullopt;
    return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
}

std::optional<Endpoint> peer_of(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return std::nullopt;
    return Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
}

std::uint64_t peer_hash(int fd) {
    auto peer = peer_of(fd);
    if (!peer) return 0;
    peer->port = 0;
    return core::EndpointHash{}(*peer);
}

int take_error(int fd) {
    int code = 0;
    socklen_t length = sizeof code;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length) != 0) return errno;
    return code;
}

Result<Descriptor> bind_to(const Bind& bind, bool share) {
    if (!bind.wildcard) return bind_at(bind, bind.endpoint, share);
    const auto any = has_ipv6() ? core::Address::v6({}) : core::Address();
    return bind_at(bind, {any, bind.endpoint.port}, share);
}

std::optional<core::Error> start_listening(int fd, const Bind& bind) {
    // The kernel cuts the backlog to net.core.somaxconn.
    if (listen(fd, 65535) != 0) return why_not(bind, errno);
    return std::nullopt;
}

void share_port(int fd, bool on) {
    set(fd, SOL_SOCKET, SO_REUSEPORT, on ? 1 : 0);
}

void retire_listener(int listener) {
    // Of an interface that does not exist: a SYN no longer finds it, the last packet of a handshake
    // still does.
    if (set(listener, SOL_SOCKET, SO_BINDTOIFINDEX, std::numeric_limits<int>::max())) return;
    // Before Linux 5.7 that needs CAP_NET_RAW. Then drop every packet: a SYN is sent again later.
    sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &drop};
    setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

Arrived arrived(int fd) {
    char byte = 0;
    const ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) return Arrived::kBytes;
    const bool none = got < 0 && (errno == EAGAIN || errno == EINTR);
    return none ? Arrived::kNothing : Arrived::kEnd;
}

bool peer_has_ended(int fd) {
    pollfd socket{fd, POLLRDHUP, 0};
    return poll(&socket, 1, 0) == 1;
}

int error_before_bytes(int fd) {
    char byte = 0;
    const ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0) return 0;
    if (got < 0 && errno != EAGAIN && errno != EINTR) return errno;  // the read has taken it
    return take_error(fd);
}

void reset_on_close(int fd) {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

int unacknowledged(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

std::vector<core::Address> local_addresses() {
    std::vector<core::Address> out;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return out;
    for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr) continue;
        const int family = at->ifa_addr->sa_family;
        if (family != AF_INET && family != AF_INET6) continue;
        out.push_back(Endpoint::from_sockaddr(at->ifa_addr).address);
    }
    freeifaddrs(list);
    return out;
}

}  // namespace amba::net
