#include "support/address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

namespace amba::test {

namespace {

sockaddr_in ipv4(const char* host, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    inet_pton(AF_INET, host, &out.sin_addr);
    return out;
}

bool can_listen(std::uint16_t port) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in any = ipv4("0.0.0.0", port);
    const bool free =
        bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 && listen(fd, 1) == 0;
    close(fd);
    return free;
}

}  // namespace

std::string own_address() {
    static std::atomic<unsigned> counter{0};
    const auto id = static_cast<unsigned>(getpid());
    const unsigned last = ++counter;
    if (last > 254) throw std::runtime_error("a test has 254 addresses");
    return "127." + std::to_string(64 + id / 250 % 64) + "." + std::to_string(1 + id % 250) + "." +
           std::to_string(last);
}

// Those below belong to the test of thousands of frontends, which takes them one by one.
constexpr unsigned kFreePorts = 15'000;

std::uint16_t free_port() {
    static std::atomic<unsigned> counter{0};
    for (int tries = 0; tries < 1000; ++tries) {
        const unsigned step = static_cast<unsigned>(getpid()) * 16 + ++counter;
        const auto port = static_cast<std::uint16_t>(kFreePorts + step % 15'000);
        if (can_listen(port)) return port;
    }
    throw std::runtime_error("no free port");
}

RefusingPeer::RefusingPeer() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = ipv4("127.0.0.1", 0);
    socklen_t length = sizeof address;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        throw std::runtime_error("cannot bind on 127.0.0.1");
    }
    place_ = {"127.0.0.1", ntohs(address.sin_port)};
}

RefusingPeer::~RefusingPeer() {
    close(fd_);
}

}  // namespace amba::test
