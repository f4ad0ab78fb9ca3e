// A failure counts against a backend only when it is the backend's: not what the client did, nor
// what this host lacks.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "support/daemon.hpp"
#include "support/network.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class WhoseFault : public testing::Test {
  protected:
    bool nobody_is_left() {
        return eventually([&] { return daemon.frontend()["connections_current"] == 0; });
    }
    void nobody_is_blamed() {
        EXPECT_EQ(daemon.lines("is left out"), 0u) << daemon.log();
        EXPECT_EQ(daemon.lines("cannot be connected to"), 0u) << daemon.log();
        for (const auto& backend : daemon.frontend()["backends"])
            EXPECT_NE(backend["state"], "ejected");
    }
    Daemon daemon;
    const Place place = own_place();
};

}  // namespace

TEST_F(WhoseFault, BytesThatMakeEveryServerReset) {
    const Script angry = [](Socket& client) {
        client.receive(1);
        client.reset();
    };
    Peer one(angry);
    Peer two(angry);
    daemon.run({place.to_string(), "error-limit=1", one.address(), two.address()});
    for (int i = 0; i < 20; ++i) {
        Socket client = Socket::connect(place);
        client.send("x");
        EXPECT_EQ(client.end(), End::kReset);
    }
    EXPECT_TRUE(nobody_is_left());
    nobody_is_blamed();
}

// `nc -z` and liveness probes do this.
TEST_F(WhoseFault, ClientsThatConnectAndLeave) {
    const Script answers_a_reset = [](Socket& client) {
        client.receive_to_end();
        client.reset();
    };
    Peer one(answers_a_reset);
    Peer two(answers_a_reset);
    daemon.run({place.to_string(), "error-limit=1", one.address(), two.address()});
    for (int i = 0; i < 20; ++i)
        Socket::connect(place).finish_sending();
    EXPECT_TRUE(nobody_is_left());
    nobody_is_blamed();
    EXPECT_EQ(daemon.frontend()["retries_total"], 0) << "it was dialed anew";
}

TEST_F(WhoseFault, NoLocalPortIsLeft) {
    const NetworkNamespace network;
    ASSERT_TRUE(network.possible()) << "needs root";
    Peer server(script::greet_then_echo("s"));
    const Place other = own_place();
    daemon.run({place.to_string(), "error-limit=1", "timeouts.connect=60s", server.address(), "+",
                other.to_string(), "error-limit=1", "timeouts.connect=60s", server.address()});
    // The kernel counts ports for each destination, so the clients' own do not matter.
    constexpr int kPorts = 10;
    network.local_ports(50000, 50000 + kPorts - 1);
    std::vector<Socket> clients;
    for (int i = 0; i < kPorts; ++i) {
        clients.push_back(Socket::connect(place));
        ASSERT_EQ(clients.back().receive(1), "s");
    }
    Socket waits = Socket::connect(other);
    ASSERT_TRUE(daemon.logs("no local port is left"));
    EXPECT_TRUE(waits.quiet());
    clients.back().reset();  // its port is free at once
    EXPECT_EQ(waits.receive(1), "s");
    nobody_is_blamed();
}

// A dead backend on this host, on a port of those that connect(2) may choose.
TEST_F(WhoseFault, ASocketThatMeetsItself) {
    const NetworkNamespace network;
    ASSERT_TRUE(network.possible()) << "needs root";
    constexpr std::uint16_t kDead = 50001;
    daemon.run({place.to_string(), "retries=0", "127.0.0.1:" + std::to_string(kDead)});
    network.local_ports(50000, 50001);
    int refused = 0;
    for (int i = 0; i < 20; ++i) {
        Socket client = Socket::connect(place);
        try {
            client.send("x");
        } catch (const SocketError&) {  // the reset was faster
        }
        std::string got;
        refused += client.read_to_end(got) == End::kReset;
        EXPECT_EQ(got, "") << "its own words";
        client.reset();
    }
    EXPECT_EQ(refused, 20);
    // The server comes back: its port is not in TIME_WAIT. Without SO_REUSEADDR.
    ASSERT_TRUE(nobody_is_left());
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(kDead);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&here), sizeof here), 0) << std::strerror(errno);
    close(fd);
}
