// The only server, or all of them, are away for a moment: clients that come meanwhile are served by
// the first that is back, within the time that the table gives.
#include <gtest/gtest.h>

#include <memory>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class Restart : public testing::Test {
  protected:
    void run(const Words& settings) {
        auto before = std::make_unique<Peer>(script::greet_then_echo("a"));
        at = before->place();
        before.reset();  // away
        Words table{place.to_string()};
        table.insert(table.end(), settings.begin(), settings.end());
        table.push_back(at.to_string());
        daemon.run(table);
    }
    // Ten clients come while it is away.
    void all_are_served() {
        std::vector<Socket> clients;
        for (int i = 0; i < 10; ++i)
            clients.push_back(Socket::connect(place));
        EXPECT_TRUE(throughout(500ms, [&] { return clients.front().quiet(); }));
        Peer back(script::greet_then_echo("a"), at);
        for (Socket& client : clients)
            EXPECT_EQ(client.receive(1), "a");
        EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
        EXPECT_EQ(daemon.lines("resets connections"), 0u);
    }

    Daemon daemon;
    const Place place = own_place();
    Place at;
};

}  // namespace

TEST_F(Restart, CostsNobodyAConnection) {
    run({"timeouts.connect=60s"});
    all_are_served();
}

TEST_F(Restart, CostsNobodyAConnectionThatIsHeld) {
    // Trying takes timeouts.connect at the most, waiting timeouts.queue.
    run({"empty=hold", "timeouts.connect=200ms", "timeouts.queue=60s"});
    all_are_served();
}

// Silence uses up timeouts.connect; a connection that is held goes on dialing on the time of the
// queue.
TEST_F(Restart, OfASilentOneCostsNobodyAConnectionThatIsHeld) {
    auto silent = std::make_unique<SilentPeer>();
    at = silent->place();
    daemon.run({place.to_string(), "empty=hold", "timeouts.connect=200ms", "timeouts.queue=60s",
                at.to_string()});
    Socket client = Socket::connect(place);
    EXPECT_TRUE(throughout(1s, [&] { return client.quiet(); }));
    silent.reset();
    Peer back(script::greet_then_echo("a"), at);
    EXPECT_EQ(client.receive(1), "a");
}

TEST_F(Restart, ASilentOneIsToldWithinTheQueueTimeoutToWhoIsHeld) {
    SilentPeer silent;
    daemon.run({place.to_string(), "empty=hold", "timeouts.connect=300ms", "timeouts.queue=1s",
                silent.address()});
    const auto start = Clock::now();
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_GE(since(start), 900ms);
}

TEST_F(Restart, ThatNeverEndsIsToldWithinTheConnectTimeout) {
    run({"timeouts.connect=1s"});
    const auto start = Clock::now();
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_GE(since(start), 900ms);
    EXPECT_TRUE(daemon.logs("could be connected to within 1s"));
    EXPECT_EQ(daemon.frontend()["ended"]["SC"], 1);
}

TEST_F(Restart, ThatNeverEndsIsToldWithinTheQueueTimeout) {
    run({"empty=hold", "timeouts.connect=5m", "timeouts.queue=500ms"});
    const auto start = Clock::now();
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_GE(since(start), 450ms);
    EXPECT_EQ(daemon.frontend()["ended"]["sQ"], 1);
}

TEST_F(Restart, IsToldAtOnceWhereNothingIsToBeTriedAgain) {
    run({"retries=0", "timeouts.connect=10m"});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
}

// The connection pauses again and again until one of them is back.
TEST_F(Restart, OfAllOfThem) {
    RefusingPeer one;
    RefusingPeer two;
    run({"timeouts.connect=60s", one.address(), two.address()});
    all_are_served();
}

// The server has a new address, and the old address does not answer.
TEST_F(Restart, AtAnotherAddress) {
    SilentPeer silent;
    daemon.run({place.to_string(), "timeouts.connect=10m", silent.address()});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 1; }));
    EXPECT_TRUE(throughout(400ms, [&] { return client.quiet(); }));
    Peer moved(script::greet_then_echo("m"));
    daemon.reconfigure({place.to_string(), "timeouts.connect=10m", moved.address()});
    EXPECT_EQ(client.receive(1), "m");
}

// A server that takes the connection and resets it has answered.
TEST_F(Restart, IsNotWhatAResetMeans) {
    Peer rude([](Socket& client) { client.reset(); });
    daemon.run({place.to_string(), "timeouts.connect=10m", rude.address()});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_EQ(rude.accepted(), 1u);
}
