// SIGTERM lets connections end, a second one does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class Signals : public testing::Test {
  protected:
    // Longer than anything here takes.
    void SetUp() override { daemon.flags({"--drain-timeout", "10m"}); }
    Socket open() {
        Socket client = Socket::connect(place);
        client.receive(2);
        return client;
    }
    Daemon daemon;
    const Place place = own_place();
    Peer peer{script::greet_then_echo("ok")};
    const Words words{place.to_string(), peer.address()};
};

}  // namespace

TEST_F(Signals, EndAnIdleOneAtOnce) {
    for (const int number : {SIGTERM, SIGINT}) {
        daemon.run(words);
        const auto start = Clock::now();
        daemon.signal(number);
        EXPECT_EQ(daemon.wait(), 0);
        EXPECT_LT(since(start), kAtOnce);
        EXPECT_FALSE(exists(daemon.file("amba.sock")));
        EXPECT_EQ(daemon.lines(" exit: "), 1u) << daemon.log();
    }
}

TEST_F(Signals, EndOneThatWaitsForItsFirstTable) {
    daemon.run();
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(Signals, LetConnectionsEnd) {
    daemon.run(words);
    Socket client = open();
    daemon.signal(SIGTERM);
    ASSERT_TRUE(daemon.logs(" drain: "));
    EXPECT_EQ(daemon.get("/readyz").status, 503);
    EXPECT_EQ(daemon.get("/readyz").body, "stopping\n");
    EXPECT_EQ(daemon.status()["stopping"], true);
    client.send("ping");
    EXPECT_EQ(client.receive(4), "ping");
    EXPECT_TRUE(daemon.process().running());
    client.close();
    EXPECT_EQ(daemon.wait(), 0);
}

// Docker and Compose tell a client to stop at the same time, and it may drain for longer.
TEST_F(Signals, LetTheClientBesideConnectUntilItIsQuiet) {
    daemon.run(words);
    daemon.signal(SIGTERM);
    const auto begin = Clock::now();
    int served = 0;
    const auto time = full() ? 6s : 2s;
    while (since(begin) < time) {
        Socket client = Socket::connect(place);
        ASSERT_EQ(client.receive(2), "ok") << "after " << served;
        ++served;
        std::this_thread::sleep_for(50ms);
    }
    EXPECT_GT(served, 5);
    EXPECT_EQ(daemon.lines(" exit: "), 0u) << daemon.log();
    EXPECT_EQ(daemon.status()["stopping"], true);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_EQ(daemon.lines(", 1 connection"), 0u) << daemon.log();
}

// Nothing was open for half a second: one that is idle for less is not taken for one that has left.
TEST_F(Signals, CountTheQuietFromTheLastConnection) {
    daemon.run(words);
    Socket client = open();
    daemon.signal(SIGTERM);
    ASSERT_TRUE(daemon.logs(" drain: "));
    EXPECT_TRUE(throughout(1s, [&] { return daemon.process().running(); }));
    const auto last = Clock::now();
    client.close();
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_GE(since(last), 490ms);
}

// Its clients can go elsewhere, as those of a load balancer do.
TEST_F(Signals, StopOtherAddressesAtOnce) {
    const Place here{own_address(), free_port()};
    daemon.run({std::to_string(here.port), peer.address()});
    Socket client = Socket::connect(here);
    EXPECT_EQ(client.receive(2), "ok");
    daemon.signal(SIGTERM);
    ASSERT_TRUE(daemon.logs(" drain: "));
    EXPECT_TRUE(is_refused(here));
    client.close();
    EXPECT_EQ(daemon.wait(), 0);
}

TEST_F(Signals, StopWhatTheyAreToldTo) {
    for (const std::string word : {"on", "off"}) {
        daemon.flags({"--drain-timeout", "10m", "--drain-accept", word});
        const Place wide{own_address(), free_port()};
        daemon.run(
            {place.to_string(), peer.address(), "+", std::to_string(wide.port), peer.address()});
        Socket client = open();
        daemon.signal(SIGTERM);
        ASSERT_TRUE(daemon.logs(" drain: "));
        EXPECT_EQ(is_refused(place), word == "off");
        EXPECT_EQ(is_refused(wide), word == "off");
        client.close();
        EXPECT_EQ(daemon.wait(), 0);
    }
    const CommandResult wrong = daemon.amba({"run", "--drain-accept=some", place.to_string()});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, HasSubstr("--drain-accept: \"some\"; expected auto, on or off"));
}

// Whoever goes on connecting is cut off all the same.
TEST_F(Signals, EndWhatGoesOnAcceptingWithTheDrainTimeout) {
    daemon.flags({"--drain-timeout", "1s"});
    daemon.run(words);
    const auto begin = Clock::now();
    daemon.signal(SIGTERM);
    const auto serves = [&] {
        try {
            return Socket::connect(place).receive(2) == "ok";
        } catch (const SocketError&) {
            return false;
        }
    };
    EXPECT_TRUE(eventually([&] { return !serves(); }));
    EXPECT_GE(since(begin), 990ms);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_TRUE(daemon.logs("the drain time-out is over"));
}

TEST_F(Signals, LetConnectionsGoOnForTheDrainTimeoutAtMost) {
    daemon.flags({"--drain-timeout", "300ms"});
    daemon.run(words);
    Socket client = open();
    const auto start = Clock::now();
    daemon.signal(SIGTERM);
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_GE(since(start), 290ms);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_LT(since(start), kAtOnce);
}

TEST_F(Signals, EndAtOnceTheSecondTime) {
    daemon.run(words);
    Socket client = open();
    daemon.signal(SIGTERM);
    ASSERT_TRUE(daemon.logs(" drain: "));
    const auto start = Clock::now();
    daemon.signal(SIGTERM);
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_EQ(daemon.wait(), 0);
    EXPECT_LT(since(start), kAtOnce);
}

TEST_F(Signals, InARowAlwaysEndWithExitCode0) {
    for (int i = 0; i < 20; ++i) {
        daemon.run(words);
        for (int k = 0; k < 5; ++k)
            daemon.signal(SIGTERM);
        ASSERT_EQ(daemon.wait(), 0) << "round " << i;
    }
}

TEST_F(Signals, ServeWhatIsQueued) {
    // The client has connected before the signal: it is served, even if nobody has accepted it yet.
    for (int i = 0; i < 10; ++i) {
        daemon.run(words);
        std::vector<Socket> clients;
        for (int k = 0; k < 20; ++k)
            clients.push_back(Socket::connect(place));
        daemon.signal(SIGTERM);
        for (Socket& client : clients) {
            ASSERT_EQ(client.receive(2), "ok");
            client.close();
        }
        ASSERT_EQ(daemon.wait(), 0);
    }
}

TEST_F(Signals, RefuseATableWhileDraining) {
    daemon.run(words);
    Socket client = open();
    daemon.signal(SIGTERM);
    ASSERT_TRUE(daemon.logs(" drain: "));
    const CommandResult done =
        daemon.amba({"reconfigure", "--wait=2s", own_place().to_string(), peer.address()});
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr("stopping"));
    EXPECT_EQ(daemon.status()["stopping"], true);
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
    client.close();
    EXPECT_EQ(daemon.wait(), 0);
}

TEST_F(Signals, AreSharedByNothingElse) {
    daemon.run(words);
    Socket client = open();
    for (const int number : {SIGPIPE, SIGCHLD, SIGWINCH, SIGURG})
        daemon.signal(number);
    client.send("ping");
    EXPECT_EQ(client.receive(4), "ping");
}
