// SIGTERM lets connections end, a second one does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

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
    EXPECT_TRUE(is_refused(place)) << "it still listens";
    EXPECT_EQ(daemon.get("/readyz").status, 503);
    EXPECT_EQ(daemon.get("/readyz").body, "stopping\n");
    EXPECT_EQ(daemon.status()["stopping"], true);
    client.send("ping");
    EXPECT_EQ(client.receive(4), "ping");
    EXPECT_TRUE(daemon.process().running());
    client.close();
    EXPECT_EQ(daemon.wait(), 0);
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
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 1);
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
