// Hundreds of connections that say nothing, and clients that come and go.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// Sockets at this place, or connected to it, whose running timer is keepalive's (proc_net_tcp: tr
// 2).
int kept_alive(const Place& place, bool local) {
    char wanted[16];
    std::snprintf(wanted, sizeof wanted, "%08X:%04X", inet_addr(place.host.c_str()),
                  static_cast<unsigned>(place.port));
    std::istringstream lines(read_file("/proc/net/tcp"));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, here, there, state, queues, timer;
        words >> number >> here >> there >> state >> queues >> timer;
        const std::string& side = local ? here : there;
        if (state == "01" && side == wanted && timer.starts_with("02:")) ++count;
    }
    return count;
}

}  // namespace

TEST(ManyConnections, IdleThenAllUsed) {
    Peer peer(script::echo);
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    Socket warm = Socket::connect(place);
    warm.send("x");
    warm.receive(1);
    const std::size_t before = daemon.process().anonymous_kb();
    constexpr std::size_t kConnections = 500;
    std::vector<Socket> clients;
    for (std::size_t i = 0; i < kConnections; ++i)
        clients.push_back(Socket::connect(place));
    ASSERT_TRUE(eventually([&] { return peer.accepted() == kConnections + 1; }));
    EXPECT_EQ(daemon.frontend()["connections_current"], kConnections + 1);
    // Two sockets of an idle connection take well under 2 KB; sanitizers add their own.
    EXPECT_LT(daemon.process().anonymous_kb(), before + 4096);
    for (std::size_t i = 0; i < kConnections; ++i)
        clients[i].send("message " + std::to_string(i));
    for (std::size_t i = 0; i < kConnections; ++i) {
        const std::string expected = "message " + std::to_string(i);
        ASSERT_EQ(clients[i].receive(expected.size()), expected);
    }
    clients.clear();
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 1; }));
}

// The heap of a burst and the pipes of large transfers go back once they have not been needed for a
// while. A connection that goes on is no obstacle.
TEST(ManyConnections, LeaveNoMemoryBehind) {
    Peer peer(script::echo);
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    const std::size_t before = daemon.process().anonymous_kb();
    const std::size_t descriptors = daemon.process().descriptors();
    constexpr std::size_t kConnections = 3000;
    std::vector<Socket> clients;
    for (std::size_t i = 0; i < kConnections; ++i)
        clients.push_back(Socket::connect(place));
    ASSERT_TRUE(eventually([&] { return peer.accepted() == kConnections; }));
    const std::string large(4 << 20, 'x');
    std::thread sender([&] { clients.back().send(large); });
    EXPECT_EQ(clients.back().receive(large.size()), large);
    sender.join();
    EXPECT_GT(daemon.process().anonymous_kb(), before + 600);
    clients.erase(clients.begin(), clients.end() - 1);  // the last pins the end of the heap
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 1; }));
    EXPECT_TRUE(eventually([&] { return daemon.process().descriptors() == descriptors + 2; }))
        << daemon.process().descriptors() << ", before " << descriptors;
    if (daemon.process().sanitized()) return;  // it keeps freed memory
    EXPECT_TRUE(eventually([&] { return daemon.process().anonymous_kb() < before + 150; }))
        << daemon.process().anonymous_kb() << " KiB, before " << before;
    clients.back().send("ping");
    EXPECT_EQ(clients.back().receive(4), "ping");
}

TEST(ManyConnections, LeaveNoDescriptorsBehind) {
    Peer peer(script::greet_then_close("bye"));
    RefusingPeer refusing;
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address(), refusing.address()});
    EXPECT_EQ(Socket::connect(place).receive_to_end(), "bye");
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    const std::size_t before = daemon.process().descriptors();
    for (int i = 0; i < 1000; ++i) {
        Socket client = Socket::connect(place);
        if (i % 4 == 0)
            client.reset();
        else if (i % 4 == 1)
            client.close();
        else
            ASSERT_EQ(client.receive_to_end(), "bye");
    }
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_TRUE(eventually([&] { return daemon.process().descriptors() <= before; }))
        << daemon.process().descriptors() << " open, before " << before;
}

TEST(ManyConnections, OfClientsThatGoWhileDialingAreForgotten) {
    SilentPeer silent;
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), "timeouts.connect=10m", silent.address()});
    const std::size_t before = daemon.process().descriptors();
    std::vector<Socket> clients;
    for (int i = 0; i < 20; ++i)
        clients.push_back(Socket::connect(place));
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 20; }));
    const auto start = Clock::now();
    for (Socket& client : clients)
        client.reset();
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_LT(since(start), kAtOnce) << "they waited for the connect time-out";
    EXPECT_TRUE(eventually([&] { return daemon.process().descriptors() <= before; }));
}

TEST(ManyConnections, ThatLastHaveKeepaliveOnBothLegs) {
    Peer peer(script::echo);
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.send("x");
    EXPECT_EQ(client.receive(1), "x");
    EXPECT_TRUE(eventually([&] { return kept_alive(place, true) == 1; }))
        << "the leg of the client";
    EXPECT_TRUE(eventually([&] { return kept_alive(peer.place(), false) == 1; }))
        << "the leg of the backend";
}
