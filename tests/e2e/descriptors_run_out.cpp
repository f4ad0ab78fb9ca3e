// More clients than descriptors: they wait, none is turned away, and afterwards all is as before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

constexpr unsigned kLimit = 64;

class Descriptors : public testing::Test {
  protected:
    void SetUp() override { daemon.options().descriptors = kLimit; }
    // Connects more clients than there is room for: each is greeted when it is its turn, and none
    // is turned away.
    void expect_all_served_in_turn(std::size_t count) {
        std::vector<Socket> clients;
        for (std::size_t i = 0; i < count; ++i)
            clients.push_back(Socket::connect(place));
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_NO_THROW(ASSERT_EQ(clients[i].receive(2), "ok")) << "client " << i;
            clients[i].close();
        }
        EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
    }
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
    // It is back to normal, and says so.
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

TEST_F(Descriptors, IdleAdminConnectionsTakeNoneOfTheClients) {
    constexpr unsigned kMore = 128;
    const Place admin{own_address(), 9901};
    Peer peer(script::greet_then_echo("ok"));
    daemon.options().descriptors = kMore;
    daemon.flags({"--admin", admin.to_string()});
    daemon.run({place.to_string(), peer.address()});
    const std::size_t before = daemon.process().descriptors();
    std::vector<Socket> idle;
    for (int i = 0; i < 140; ++i)
        idle.push_back(Socket::connect(admin));
    // By TCP behind all of those, and by the volume's socket.
    EXPECT_EQ(http_tcp(admin, "GET", "/healthz").status, 200);
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_LE(daemon.process().descriptors(), before + kMore / 8);
    std::vector<Socket> clients;
    for (int i = 0; i < 30; ++i) {
        clients.push_back(Socket::connect(place));
        ASSERT_EQ(clients.back().receive(2), "ok") << "client " << i;
    }
}

// A client would be turned away when its accepted connection finds no second descriptor, so it
// matters whether the limit is even.
class DescriptorsEvenAndOdd : public Descriptors, public testing::WithParamInterface<unsigned> {};

TEST_P(DescriptorsEvenAndOdd, ChecksWithoutAnAnswerTakeNoneThatClientsCountOn) {
    Peer peer(script::greet_then_echo("ok"));
    std::list<SilentPeer> silent;
    Words table{place.to_string(),       "check=off", peer.address(),      "+",
                own_place().to_string(), "inter=1s",  "check.timeout=60s", "fall=100"};
    for (int i = 0; i < 64; ++i)
        table.push_back(silent.emplace_back().address());
    daemon.options().descriptors = GetParam();
    daemon.with_checks();
    daemon.run(table);
    const std::size_t before = daemon.process().descriptors();
    EXPECT_TRUE(eventually([&] { return daemon.process().descriptors() >= before + 40; }));
    expect_all_served_in_turn(200);
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
}

TEST_P(DescriptorsEvenAndOdd, HedgesTakeNoneThatClientsCountOn) {
    Peer peer(script::greet_then_echo("ok"));
    SilentPeer silent;
    daemon.options().descriptors = GetParam() / 2;
    daemon.run({place.to_string(), "balance=first", "observe=off", "timeouts.connect=2s",
                silent.address(), peer.address()});
    expect_all_served_in_turn(100);
}

INSTANTIATE_TEST_SUITE_P(Limit, DescriptorsEvenAndOdd, testing::Values(256u, 255u));

TEST_F(Descriptors, SoFewThatHardlyAnythingIsLeftStillServe) {
    Peer peer(script::greet_then_echo("ok"));
    daemon.options().descriptors = 32;
    daemon.run({place.to_string(), peer.address()});
    expect_all_served_in_turn(20);
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    daemon.reconfigure({place.to_string(), "name=other", peer.address()});
    expect_all_served_in_turn(20);
}
