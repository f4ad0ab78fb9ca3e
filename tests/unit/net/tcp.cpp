#include "amba/net/tcp.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

using namespace amba;

namespace {

core::Endpoint own_name(int fd) {
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&own), &length), 0);
    return core::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&own));
}

int bind_plainly(const net::Descriptor& fd, const core::Endpoint& endpoint) {
    sockaddr_storage to;
    const socklen_t length = endpoint.to_sockaddr(to);
    return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&to), length) == 0 ? 0 : errno;
}

net::Descriptor plain_socket(const core::Address& address) {
    return net::Descriptor(
        socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

net::Descriptor listening_at_loopback() {
    const core::Bind bind{false, {*core::Address::parse("127.0.0.1"), 0}};
    auto listener = net::bind_to(bind, false);
    EXPECT_TRUE(listener);
    EXPECT_FALSE(net::start_listening(listener->get(), bind));
    return std::move(*listener);
}

// A connection that is made, as far as the client can see.
net::Descriptor connected_to(const net::Descriptor& listener, net::Handshake handshake) {
    net::Connecting client = net::connect_to(own_name(listener.get()), handshake);
    EXPECT_EQ(client.error, 0);
    pollfd connected{client.socket.get(), POLLOUT, 0};
    EXPECT_EQ(poll(&connected, 1, 30000), 1);
    EXPECT_EQ(net::take_error(client.socket.get()), 0);
    return std::move(client.socket);
}

bool accepts(const net::Descriptor& listener, int milliseconds) {
    pollfd waiting{listener.get(), POLLIN, 0};
    if (poll(&waiting, 1, milliseconds) != 1) return false;
    return net::Descriptor(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)).get() >= 0;
}

// A socket that is connected to its own port, as may happen by chance. nullopt where this host does
// not have the address, or its rules forbid it (Docker's, for its bridges).
std::optional<net::Descriptor> connected_to_itself(const core::Address& address) {
    net::Descriptor fd = plain_socket(address);
    if (!fd || bind_plainly(fd, {address, 0}) != 0) return std::nullopt;
    sockaddr_storage to;
    const socklen_t length = own_name(fd.get()).to_sockaddr(to);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), length) != 0) return std::nullopt;
    return fd;
}

// Closes the socket and binds its address again: 0, or the error.
int bind_after_close(net::Descriptor fd) {
    const core::Endpoint had = own_name(fd.get());
    fd.reset();
    return bind_plainly(plain_socket(had.address), had);
}

}  // namespace

TEST(Tcp, ASocketThatConnectedToItselfIsKnownOnEveryAddress) {
    std::vector<core::Address> addresses = net::local_addresses();
    addresses.push_back(*core::Address::parse("127.9.8.7"));
    int tried = 0;
    for (const core::Address& address : addresses) {
        const auto fd = connected_to_itself(address);
        if (!fd) continue;  // a link-local one needs its interface
        ++tried;
        EXPECT_TRUE(net::is_connected_to_itself(fd->get())) << address.to_string();
    }
    EXPECT_GE(tried, 2);
}

TEST(Tcp, TheEndsOfAConnectionAreNotConnectedToThemselves) {
    const net::Descriptor listener = listening_at_loopback();
    EXPECT_FALSE(net::is_connected_to_itself(listener.get()));
    const net::Descriptor client = connected_to(listener, net::Handshake::kWhole);
    EXPECT_FALSE(net::is_connected_to_itself(client.get()));
}

TEST(Tcp, AResetFreesThePortOfASocketThatConnectedToItself) {
    auto fd = connected_to_itself(*core::Address::parse("127.0.0.1"));
    ASSERT_TRUE(fd);
    EXPECT_EQ(bind_after_close(std::move(*fd)), EADDRINUSE) << "in TIME_WAIT";
    int error = EADDRINUSE;
    for (int i = 0; i < 10 && error != 0; ++i) {  // somebody else may be given the port meanwhile
        fd = connected_to_itself(*core::Address::parse("127.0.0.1"));
        ASSERT_TRUE(fd);
        net::reset_on_close(fd->get());
        error = bind_after_close(std::move(*fd));
    }
    EXPECT_EQ(error, 0);
}

TEST(Tcp, WhatThisHostLacksIsToldFromWhatTheOtherEndDoes) {
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL}) {
        EXPECT_TRUE(net::is_local_shortage(error)) << error;
        EXPECT_TRUE(net::is_refused_here(error)) << error;
    }
    for (const int error : {ENETUNREACH, EHOSTUNREACH, EACCES, EPERM, EINVAL}) {
        EXPECT_FALSE(net::is_local_shortage(error)) << "a router may have said " << error;
        EXPECT_TRUE(net::is_refused_here(error)) << error;
    }
    for (const int error : {ECONNREFUSED, ECONNRESET, ETIMEDOUT}) {
        EXPECT_FALSE(net::is_local_shortage(error)) << error;
        EXPECT_FALSE(net::is_refused_here(error)) << error;
    }
}

TEST(Tcp, AnUnfinishedConnectionThatIsResetIsNeverAccepted) {
    const net::Descriptor listener = listening_at_loopback();
    for (int i = 0; i < 20; ++i) {
        net::Descriptor client = connected_to(listener, net::Handshake::kUnfinished);
        if (!net::is_unfinished(client.get())) continue;  // 200 ms went by without this process
        net::reset_on_close(client.get());
        client.reset();
        if (!accepts(listener, 0)) return;
    }
    FAIL() << "the ACK went each time";
}

TEST(Tcp, AnUnfinishedConnectionIsFinishedInTheEnd) {
    const net::Descriptor listener = listening_at_loopback();
    const net::Descriptor client = connected_to(listener, net::Handshake::kUnfinished);
    EXPECT_TRUE(accepts(listener, 30000));
    EXPECT_FALSE(net::is_unfinished(client.get()));
    const net::Descriptor other = connected_to(listener, net::Handshake::kWhole);
    EXPECT_FALSE(net::is_unfinished(other.get()));
}
