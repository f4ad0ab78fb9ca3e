// A backend that refuses, that never answers, that is not there: the client notices nothing as long
// as there is another one.
#include <gtest/gtest.h>

#include <list>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class Unreachable : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(2); }
    Daemon daemon;
    const Place place = own_place();
    Peer good{script::greet_then_echo("ok")};
};

}  // namespace

TEST_F(Unreachable, RefusingOneOfTwoIsNotNoticed) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), refusing.address(), good.address()});
    for (int i = 0; i < 200; ++i)
        ASSERT_EQ(ask(), "ok") << "connection " << i;
    EXPECT_EQ(good.accepted(), 200u);
    EXPECT_EQ(daemon.lines("cannot be connected to"), 1u) << daemon.log();
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
}

TEST_F(Unreachable, RefusingThreeOfFourAreNotNoticed) {
    RefusingPeer one;
    RefusingPeer two;
    RefusingPeer three;
    daemon.run({place.to_string(), one.address(), two.address(), three.address(), good.address()});
    for (int i = 0; i < 40; ++i)
        ASSERT_EQ(ask(), "ok") << "connection " << i;
}

TEST_F(Unreachable, OneThatComesBackIsUsedAgain) {
    auto bad = std::make_unique<Peer>(script::greet_then_echo("re"));
    const Place at = bad->place();
    daemon.run({place.to_string(), at.to_string(), good.address()});
    bad.reset();
    for (int i = 0; i < 10; ++i)
        ASSERT_EQ(ask(), "ok");
    Peer back(script::greet_then_echo("re"), at);
    EXPECT_TRUE(eventually([&] { return ask() == "re"; }));
    EXPECT_TRUE(daemon.logs("answers again"));
    EXPECT_EQ(daemon.lines("cannot be connected to"), 1u);
}

TEST_F(Unreachable, SilentOneIsPassedOverWithinTheConnectTimeout) {
    SilentPeer silent;
    daemon.run({place.to_string(), "timeouts.connect=60s", silent.address(), good.address()});
    for (int i = 0; i < 4; ++i) {
        const auto start = Clock::now();
        ASSERT_EQ(ask(), "ok") << "connection " << i;
        EXPECT_LT(since(start), kAtOnce);
    }
    EXPECT_TRUE(daemon.logs("no answer"));
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
}

TEST_F(Unreachable, SilentOneAloneIsAResetAtTheConnectTimeout) {
    SilentPeer silent;
    daemon.run({place.to_string(), "timeouts.connect=400ms", silent.address()});
    const auto start = Clock::now();
    Socket client = Socket::connect(place);
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_GE(since(start), 350ms);
    EXPECT_LT(since(start), kAtOnce);
}

TEST_F(Unreachable, ManySilentOnesStayWithinTheConnectTimeoutAltogether) {
    // If each of them took timeouts.connect it would be a minute.
    const std::list<SilentPeer> silent(20);
    Words words{place.to_string(), "timeouts.connect=3s", "retries=19"};
    for (const SilentPeer& one : silent)
        words.push_back(one.address());
    daemon.run(words);
    const auto start = Clock::now();
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_GE(since(start), 2500ms);
    EXPECT_LT(since(start), kAtOnce);
}

TEST_F(Unreachable, AllIsAReset) {
    RefusingPeer one;
    RefusingPeer two;
    daemon.run({place.to_string(), one.address(), two.address()});
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_EQ(daemon.frontend()["connections_failed"], 10);
    EXPECT_EQ(daemon.lines("resets connections"), 1u) << daemon.log();
    EXPECT_EQ(daemon.lines("cannot be connected to"), 2u) << daemon.log();
}

TEST_F(Unreachable, AllAreTriedAgainForTheNextClient) {
    auto peer = std::make_unique<Peer>(script::greet_then_echo("re"));
    const Place at = peer->place();
    peer.reset();
    daemon.run({place.to_string(), at.to_string()});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    Peer back(script::greet_then_echo("re"), at);
    EXPECT_EQ(ask(), "re") << "a backend that failed once is not to be written off";
}

TEST_F(Unreachable, WithRetries0IsNotRetried) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), "retries=0", "observe=off", refusing.address(), good.address()});
    int served = 0;
    int reset = 0;
    for (int i = 0; i < 10; ++i) {
        try {
            served += ask() == "ok";
        } catch (const SocketError& error) {
            reset += error.code == ECONNRESET;
        }
    }
    EXPECT_EQ(served, 5);
    EXPECT_EQ(reset, 5);
}

TEST_F(Unreachable, WithRetries1TriesTwo) {
    RefusingPeer one;
    RefusingPeer two;
    daemon.run({place.to_string(), "retries=1", one.address(), two.address(), good.address(),
                "backup=true"});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    daemon.reconfigure({place.to_string(), "retries=2", one.address(), two.address(),
                        good.address(), "backup=true"});
    EXPECT_EQ(ask(), "ok");
}

TEST_F(Unreachable, AfterTheFirstByteIsNotRetried) {
    // The ambassador cannot know whether the client's bytes may be sent twice.
    Peer rude(script::reset_after(1));
    daemon.run({place.to_string(), rude.address(), good.address(), "backup=true"});
    Socket client = Socket::connect(place);
    client.send("x");
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_EQ(good.accepted(), 0u);
}

TEST_F(Unreachable, NamesAreNeverFatal) {
    daemon.run({place.to_string(), "no-such-host.invalid:80", good.address()});
    EXPECT_EQ(ask(), "ok");
    EXPECT_EQ(daemon.status()["unresolved"], nlohmann::json({"no-such-host.invalid:80"}));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
}
