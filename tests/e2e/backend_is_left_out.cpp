// Backends that fail connections: raced by another, left out for a while, and taken back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class LeftOut : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(2); }
    std::string state(const std::string& address) {
        const nlohmann::json frontend = daemon.frontend();
        for (const auto& backend : frontend["backends"]) {
            if (backend["address"] == address) return backend["state"];
        }
        return "";
    }
    Daemon daemon;
    const Place place = own_place();
    Peer good{script::greet_then_echo("ok")};
};

}  // namespace

TEST_F(LeftOut, AfterSomeFailuresInARow) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), refusing.address(), good.address()});
    for (int i = 0; i < 8; ++i)
        ASSERT_EQ(ask(), "ok");
    EXPECT_TRUE(daemon.logs("is left out for"));
    EXPECT_LE(daemon.frontend()["backends"][0]["connections_failed"], 4);
}

TEST_F(LeftOut, ForLongerEachTimeUntilItServes) {
    auto bad = std::make_unique<Peer>(script::greet_then_echo("re"));
    const Place at = bad->place();
    bad.reset();
    daemon.run({place.to_string(), "error-limit=1", at.to_string(), good.address()});
    EXPECT_TRUE(eventually([&] { return ask() == "ok" && daemon.lines("is left out for") == 2; }));
    Peer back(script::greet_then_echo("re"), at);
    EXPECT_TRUE(eventually([&] { return ask() == "re"; }));
    EXPECT_EQ(daemon.lines("is left out for"), 2u) << daemon.log();
    EXPECT_TRUE(eventually([&] { return state(at.to_string()) == "healthy"; }));
}

TEST_F(LeftOut, NeverMoreThanAShareOfThePool) {
    RefusingPeer one;
    RefusingPeer two;
    RefusingPeer three;
    daemon.run({place.to_string(), "error-limit=1", "max-ejected=50", one.address(), two.address(),
                three.address(), good.address()});
    for (int i = 0; i < 30; ++i)
        ASSERT_EQ(ask(), "ok");
    const nlohmann::json frontend = daemon.frontend();
    int ejected = 0;
    for (const auto& backend : frontend["backends"])
        ejected += backend["state"] == "ejected";
    EXPECT_LE(ejected, 2) << daemon.log();
    EXPECT_GE(daemon.lines("is left out for"), 2u);
}

TEST_F(LeftOut, IsNotTheOnlyOne) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), "error-limit=1", refusing.address()});
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_EQ(state(refusing.address()), "unhealthy");
}

TEST_F(LeftOut, WithObserveOffIsNobody) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), "observe=off", refusing.address(), good.address()});
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(ask(), "ok");
    EXPECT_EQ(daemon.frontend()["backends"][0]["connections_failed"], 10);
}

// Accepts and resets before a byte: a dying server behind a balancer of its own.
TEST_F(LeftOut, WhenItResetsAtOnce) {
    Peer rude([](Socket& client) { client.reset(); });
    daemon.run({place.to_string(), rude.address(), good.address()});
    // No client notices, as not a byte had gone either way.
    for (int i = 0; i < 100 && daemon.lines("it resets connections at once") == 0; ++i)
        ASSERT_EQ(ask(), "ok");
    EXPECT_EQ(rude.accepted(), 3u);
    EXPECT_EQ(daemon.lines("is left out for"), 1u);
}

// A client that has sent something gets the reset: nobody knows what became of its bytes.
TEST_F(LeftOut, WhatWasSentIsNotSentAgain) {
    Peer rude([](Socket& client) {
        client.receive(1);
        client.reset();
    });
    daemon.run({place.to_string(), rude.address(), good.address(), "backup=true"});
    Socket client = Socket::connect(place);
    client.send("x");
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_EQ(good.accepted(), 0u);
}

// All reset at once: each is tried once, then the client is reset.
TEST_F(LeftOut, WhenAllResetAtOnceTheClientIsReset) {
    Peer one([](Socket& client) { client.reset(); });
    Peer two([](Socket& client) { client.reset(); });
    daemon.run({place.to_string(), one.address(), two.address()});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_EQ(one.accepted() + two.accepted(), 2u);
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_EQ(daemon.frontend()["backends"][0]["connections_current"], 0);
}

// This holds as well when a connect to the other backend has failed before.
TEST_F(LeftOut, WhoWasTriedInVainIsNotTriedAgain) {
    RefusingPeer refusing;
    Peer rude([](Socket& client) { client.reset(); });
    daemon.run({place.to_string(), refusing.address(), rude.address()});
    for (int i = 0; i < 2; ++i)  // one begins with each
        EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_EQ(daemon.frontend()["retries_total"], 2) << daemon.log();
}

// Only failures in a row count: a backend that serves in between is not left out.
TEST_F(LeftOut, NotForResetsBetweenGoodConnections) {
    std::atomic<int> count = 0;
    Peer moody([&](Socket& client) {
        if (++count % 3 == 0) return script::greet_then_close("mo")(client);
        client.reset();
    });
    daemon.run({place.to_string(), moody.address(), good.address(), "backup=true"});
    for (int i = 0; i < 12; ++i) {
        {
            Socket client = Socket::connect(place);
            EXPECT_THAT(client.receive(2), testing::AnyOf("mo", "ok"));
        }
        ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    }
    EXPECT_EQ(count, 12);
    EXPECT_EQ(daemon.lines("is left out for"), 0u) << daemon.log();
}

TEST_F(LeftOut, ASilentOneCostsTheDelayOfAHedge) {
    SilentPeer silent;
    daemon.run({place.to_string(), "observe=off", "timeouts.connect=60s", silent.address(),
                good.address()});
    for (int i = 0; i < 20; ++i) {
        const auto start = Clock::now();
        ASSERT_EQ(ask(), "ok") << "connection " << i;
        // A quarter second while nothing is known; far from timeouts.connect in any case.
        EXPECT_LT(since(start), kAtOnce);
    }
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
    EXPECT_EQ(good.accepted(), 20u);
    EXPECT_TRUE(daemon.logs("no answer, another backend was faster"));
}

TEST_F(LeftOut, WithoutAHedgeItCostsItsPartOfTheConnectTimeout) {
    SilentPeer silent;
    daemon.run(
        {place.to_string(), "hedge=off", "timeouts.connect=1s", silent.address(), good.address()});
    EXPECT_TRUE(eventually([&] { return ask() == "ok" && daemon.lines("no answer") == 1; }));
}

// Both are slow, and the first answers after all: no byte is lost, and the second is dropped.
TEST_F(LeftOut, AllSilentOnesEndWithTheConnectTimeout) {
    SilentPeer one;
    SilentPeer two;
    daemon.run({place.to_string(), "timeouts.connect=1500ms", one.address(), two.address()});
    const auto start = Clock::now();
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_GE(since(start), 1400ms);
    EXPECT_LT(since(start), kAtOnce);
    const nlohmann::json frontend = daemon.frontend();
    for (const auto& backend : frontend["backends"])
        EXPECT_EQ(backend["connections_failed"], 1);
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
}

TEST_F(LeftOut, AClientThatGoesDuringAHedgeLeavesNothing) {
    SilentPeer one;
    SilentPeer two;
    daemon.run({place.to_string(), "timeouts.connect=60s", one.address(), two.address()});
    const std::size_t before = daemon.process().descriptors();
    for (int i = 0; i < 5; ++i) {
        Socket client = Socket::connect(place);
        // Three descriptors are the client's and one for each backend: the race has begun.
        ASSERT_TRUE(eventually([&] { return daemon.process().descriptors() == before + 3; }));
        client.reset();
        ASSERT_TRUE(eventually([&] { return daemon.process().descriptors() == before; }));
    }
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_TRUE(eventually([&] { return daemon.process().descriptors() <= before; }));
}

TEST_F(LeftOut, ASlowStartGivesANewBackendLittleAtFirst) {
    Peer fresh(script::greet_then_echo("ne"));
    daemon.run({place.to_string(), good.address()});
    daemon.reconfigure({place.to_string(), good.address(), fresh.address(), "slowstart=1h"});
    int to_fresh = 0;
    for (int i = 0; i < 170; ++i)
        to_fresh += ask() == "ne";
    EXPECT_NEAR(to_fresh, 10, 2);
    // It has its whole weight a second later.
    daemon.reconfigure({place.to_string(), good.address()});
    daemon.reconfigure({place.to_string(), good.address(), fresh.address(), "slowstart=100ms"});
    EXPECT_TRUE(
        eventually([&] { return daemon.frontend()["backends"][1]["weight_percent"] == 100; }));
}
