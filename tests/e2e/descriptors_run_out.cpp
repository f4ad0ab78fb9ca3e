// More clients than descriptors: they wait, nobody is turned away, and afterwards all is as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

constexpr unsigned kLimit = 64;

class Descriptors : public testing::Test {
  protected:
    void SetUp() override { daemon.options().descriptors = kLimit; }
    Daemon daemon;
    const Place place = own_place();
};

}  // namespace

TEST_F(Descriptors, OfTwoHundredClientsAllAreServedInTurn) {
    Peer peer([](Socket& client) {
        client.receive(1);
        std::this_thread::sleep_for(10ms);
        client.send("ok");
    });
    daemon.run({place.to_string(), peer.address()});
    std::vector<Socket> clients;
    for (int i = 0; i < 200; ++i)
        clients.push_back(Socket::connect(place));
    for (Socket& client : clients)
        client.send("?");
    std::size_t most = 0;
    for (std::size_t i = 0; i < clients.size(); ++i) {
        ASSERT_EQ(clients[i].receive_to_end(), "ok") << "client " << i;
        clients[i].close();
        most = std::max(most, daemon.process().descriptors());
    }
    EXPECT_LE(most, kLimit);
    EXPECT_EQ(daemon.lines("warning"), 1u) << daemon.log();
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    // Back to normal, and it says so.
    for (int i = 0; i < 20; ++i) {
        Socket client = Socket::connect(place);
        client.send("?");
        ASSERT_EQ(client.receive_to_end(), "ok");
    }
    EXPECT_TRUE(daemon.logs("to spare again")) << daemon.log();
    EXPECT_EQ(daemon.lines("warning"), 1u) << daemon.log();
}

TEST_F(Descriptors, HeldByIdleClientsLeaveTheVolumeAndStatusAlive) {
    Peer peer(script::greet_then_echo("ok"));
    Peer other(script::greet_then_echo("no"));
    daemon.run({place.to_string(), peer.address()});
    std::vector<Socket> idle;
    for (int i = 0; i < 200; ++i)
        idle.push_back(Socket::connect(place));
    ASSERT_TRUE(daemon.logs("warning descriptors"));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    daemon.reconfigure({place.to_string(), other.address()});
    EXPECT_EQ(daemon.generation(), 2u);
    // Served so far: by the first table; when those go, the others have the second one.
    const std::size_t served = peer.accepted();
    EXPECT_GT(served, 5u);
    for (std::size_t i = 0; i < served; ++i) {
        EXPECT_EQ(idle[i].receive(2), "ok");
        idle[i].close();
    }
    EXPECT_EQ(idle[served].receive(2), "no");
    EXPECT_LT(daemon.lines("descriptors"), 4u) << daemon.log();
}

TEST_F(Descriptors, InBulkTransfersAreNotUsedUpByPipes) {
    Peer peer([](Socket& client) { client.send(std::string(2 << 20, 'x')); });
    daemon.run({place.to_string(), peer.address()});
    std::vector<Socket> clients;
    for (int i = 0; i < 40; ++i)
        clients.push_back(Socket::connect_slow_reader(place, 4096));
    for (Socket& client : clients) {
        ASSERT_EQ(client.receive_to_end().size(), std::size_t{2} << 20);
        client.close();
    }
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
}

TEST_F(Descriptors, SoftLimitIsRaisedToTheHardOne) {
    Peer peer(script::greet_then_echo("ok"));
    daemon.options().descriptors.reset();
    daemon.options().soft_descriptors = kLimit;
    daemon.run({place.to_string(), peer.address()});
    std::vector<Socket> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(Socket::connect(place));
        ASSERT_EQ(clients.back().receive(2), "ok");
    }
    EXPECT_EQ(daemon.lines("warning"), 0u) << daemon.log();
}
