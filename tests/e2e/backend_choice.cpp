// Which backend gets the next connection.
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// A peer that sends its name, so that a client sees which backend serves it.
struct NamedPeer {
    explicit NamedPeer(std::string name) : peer(script::greet_then_echo(std::move(name))) {}
    Peer peer;
};

class Choice : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(1); }
    std::map<std::string, int> ask(int times) {
        std::map<std::string, int> out;
        for (int i = 0; i < times; ++i)
            ++out[ask()];
        return out;
    }
    Daemon daemon;
    const Place place = own_place();
    NamedPeer a{"a"};
    NamedPeer b{"b"};
    NamedPeer c{"c"};
    const std::string at_a = a.peer.address();
    const std::string at_b = b.peer.address();
    const std::string at_c = c.peer.address();
};

using Shares = std::map<std::string, int>;

}  // namespace

TEST_F(Choice, GivesEachBackendItsExactShare) {
    daemon.run({place.to_string(), at_a, "weight=3", at_b, at_c, "weight=2"});
    for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(ask(6), (Shares{{"a", 3}, {"b", 1}, {"c", 2}})) << "round " << round;
    }
}

TEST_F(Choice, SpreadsAHeavyWeightInsteadOfBunchingIt) {
    daemon.run({place.to_string(), at_a, "weight=5", at_b, at_c});
    std::string order;
    for (int i = 0; i < 14; ++i)
        order += ask();
    EXPECT_EQ(order.find("aaaa"), std::string::npos) << order;
}

TEST_F(Choice, AddsUpTheWeightsOfABackendGivenTwice) {
    daemon.run({place.to_string(), at_a, at_b, at_a});
    EXPECT_EQ(ask(9), (Shares{{"a", 6}, {"b", 3}}));
    EXPECT_EQ(daemon.frontend()["backends"].size(), 2u);
}

TEST_F(Choice, KeepsItsPlaceAcrossSwaps) {
    daemon.run({place.to_string(), at_a, at_b, at_c});
    Shares shares;
    for (int i = 0; i < 12; ++i) {
        ++shares[ask()];
        // Another table with the same backends: a rotation that began anew would prefer the first.
        daemon.reconfigure(
            {place.to_string(), i % 2 == 0 ? "retries=2" : "retries=3", at_a, at_b, at_c});
    }
    EXPECT_EQ(shares, (Shares{{"a", 4}, {"b", 4}, {"c", 4}}));
}

TEST_F(Choice, TakesANewWeightAtOnce) {
    daemon.run({place.to_string(), at_a, at_b});
    EXPECT_EQ(ask(4), (Shares{{"a", 2}, {"b", 2}}));
    daemon.reconfigure({place.to_string(), at_a, "weight=3", at_b});
    const Shares shares = ask(8);
    EXPECT_NEAR(shares.at("a"), 6, 1);
    EXPECT_NEAR(shares.at("b"), 2, 1);
}

TEST_F(Choice, LeavesABackendOfWeight0Alone) {
    daemon.run({place.to_string(), at_a, "weight=0", at_b});
    EXPECT_EQ(ask(20), (Shares{{"b", 20}}));
    EXPECT_EQ(a.peer.accepted(), 0u);
}

TEST_F(Choice, OfWeight0KeepsWhatItHas) {
    daemon.run({place.to_string(), at_a});
    Socket old = Socket::connect(place);
    EXPECT_EQ(old.receive(1), "a");
    daemon.reconfigure({place.to_string(), at_a, "weight=0", at_b});
    EXPECT_EQ(ask(5), (Shares{{"b", 5}}));
    old.send("still here");
    EXPECT_EQ(old.receive(10), "still here");
}

TEST_F(Choice, OfABackupComesOnlyWhenPrimariesFail) {
    auto primary = std::make_unique<NamedPeer>("p");
    const Place at = primary->peer.place();
    daemon.run({place.to_string(), at.to_string(), at_b, "backup=true"});
    EXPECT_EQ(ask(10), (Shares{{"p", 10}}));
    EXPECT_EQ(b.peer.accepted(), 0u);
    primary.reset();
    EXPECT_EQ(ask(10), (Shares{{"b", 10}}));
    Peer back(script::greet_then_echo("p"), at);
    EXPECT_TRUE(eventually([&] { return ask() == "p"; }));
}

TEST_F(Choice, WithoutABackendIsAReset) {
    daemon.run({place.to_string()});
    for (int i = 0; i < 3; ++i) {
        Socket client = Socket::connect(place);
        EXPECT_EQ(client.end(), End::kReset);
    }
    EXPECT_EQ(daemon.lines("refused: "), 1u) << daemon.log();
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
}

TEST_F(Choice, WithWeight0AloneIsAReset) {
    daemon.run({place.to_string(), at_a, "weight=0"});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_EQ(a.peer.accepted(), 0u);
}

TEST_F(Choice, WithoutAFrontendIsARefusal) {
    daemon.run({place.to_string(), at_a});
    EXPECT_TRUE(is_refused({place.host, kPort + 1}));
    EXPECT_TRUE(is_refused({own_address(), kPort}));
}

TEST_F(Choice, OfEachFrontendIsItsOwn) {
    const Place other = own_place();
    daemon.run({place.to_string(), at_a, "+", other.to_string(), at_b});
    EXPECT_EQ(ask(3), (Shares{{"a", 3}}));
    EXPECT_EQ(Socket::connect(other).receive(1), "b");
}
