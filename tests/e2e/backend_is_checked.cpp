// Health checks as a user sees them: who is up, who is down, and where connections go.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// Answers a check as Redis does. A check of the type tcp would leave the test nothing to see.
void pong(Socket& client) {
    client.receive(6);
    client.send("+PONG\r\n");
    client.receive_to_end();
}

class Checked : public testing::Test {
  protected:
    Checked() { daemon.with_checks(); }
    std::string ask() { return Socket::connect(place).receive(1); }
    std::string state(const std::string& address) {
        const nlohmann::json frontend = daemon.frontend();
        for (const auto& backend : frontend["backends"]) {
            if (backend["address"] == address) return backend["state"];
        }
        return "";
    }
    bool becomes(const std::string& address, const std::string& wanted) {
        return eventually([&] { return state(address) == wanted; });
    }

    Daemon daemon;
    const Place place = own_place();
    const Words quick{"inter=50ms", "fall=2", "rise=2", "check.timeout=10s"};
    Peer a{script::greet_then_echo("a")};

    Words table(const Words& more) const {
        Words out{place.to_string()};
        out.insert(out.end(), quick.begin(), quick.end());
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
};

}  // namespace

// The checks alone find out, in both directions, without a single client.
TEST_F(Checked, OneThatRefusesGoesDownAndComesBack) {
    auto b = std::make_unique<Peer>(script::greet_then_echo("b"));
    const Place at = b->place();
    daemon.run(table({a.address(), at.to_string()}));
    EXPECT_TRUE(becomes(at.to_string(), "healthy"));
    b.reset();
    EXPECT_TRUE(becomes(at.to_string(), "unhealthy"));
    EXPECT_TRUE(daemon.logs("is down: Connection refused"));
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.frontend()["backends"][1]["connections_failed"], 0);
    b = std::make_unique<Peer>(script::greet_then_echo("b"), at);
    EXPECT_TRUE(becomes(at.to_string(), "healthy"));
    EXPECT_TRUE(eventually([&] { return ask() == "b"; }));
    EXPECT_EQ(daemon.lines(" is down: "), 1u) << daemon.log();
    EXPECT_EQ(daemon.lines(" is up: "), 1u) << daemon.log();
}

// A check may be wrong: when no backend is healthy all are tried.
TEST_F(Checked, WhenAllAreDownTheyAreTried) {
    // It answers no PING and serves all clients.
    daemon.run(table({"check=redis", a.address()}));
    EXPECT_TRUE(becomes(a.address(), "unhealthy"));
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
}

TEST_F(Checked, ABackupTakesOverAndGivesBack) {
    Peer backup(script::greet_then_echo("z"));
    auto b = std::make_unique<Peer>(script::greet_then_echo("b"));
    const Place at = b->place();
    daemon.run(table({at.to_string(), backup.address(), "backup=true"}));
    EXPECT_EQ(ask(), "b");
    b.reset();
    EXPECT_TRUE(becomes(at.to_string(), "unhealthy"));
    EXPECT_EQ(ask(), "z");
    b = std::make_unique<Peer>(script::greet_then_echo("b"), at);
    EXPECT_TRUE(becomes(at.to_string(), "healthy"));
    EXPECT_EQ(ask(), "b");
}

TEST_F(Checked, OnMarkedDownConnectionsAreClosedOrKept) {
    for (const bool close : {false, true}) {
        const Place front = own_place();
        Daemon one;
        one.with_checks();
        // Answers the check while `well`, and always serves what it has.
        std::atomic<bool> well = true;
        Peer redis([&](Socket& client) {
            const std::string first = client.receive_some();
            if (first.find("PING") == std::string::npos) return script::echo(client);
            client.send(well ? "+PONG\r\n" : "-LOADING wait\r\n");
        });
        Words words = table({"check=redis", close ? "on-marked-down=close" : "on-marked-down=keep",
                             redis.address(), a.address(), "backup=true", "check=off"});
        words[0] = front.to_string();
        one.run(words);
        Socket client = Socket::connect(front);
        client.send("x");
        well = false;
        ASSERT_TRUE(one.logs(" is down: "));
        EXPECT_TRUE(one.logs(close ? "1 connection closed" : "1 connection kept"));
        if (close) {
            std::string got;
            EXPECT_EQ(client.read_to_end(got), End::kReset);
        } else {
            client.send("more");
            EXPECT_TRUE(throughout(200ms, [&] { return client.open(); }));
        }
    }
}

// Two frontends share a server: it is asked once for both.
TEST_F(Checked, OnceForAllFrontends) {
    Peer counted(pong);
    Peer once(pong);
    // One frontend has `once`, in the same time.
    const Words asked{"check=redis", "inter=10ms"};
    Words words{own_place().to_string()};
    words.insert(words.end(), asked.begin(), asked.end());
    words.push_back(once.address());
    for (int i = 0; i < 5; ++i) {
        words.insert(words.end(), {"+", own_place().to_string()});
        words.insert(words.end(), asked.begin(), asked.end());
        words.push_back(counted.address());
    }
    daemon.run(words);
    ASSERT_TRUE(eventually([&] { return once.accepted() >= 15; }));
    EXPECT_GT(counted.accepted(), 3u);
    EXPECT_LT(counted.accepted(), once.accepted() * 5 / 2);
}

TEST_F(Checked, OffIsNotAsked) {
    Peer counted(pong);
    Peer asked(pong);
    daemon.run(table({"check=redis", counted.address(), "check=off", asked.address()}));
    ASSERT_TRUE(becomes(asked.address(), "healthy"));
    EXPECT_TRUE(throughout(500ms, [&] { return counted.accepted() == 0; }));
}

TEST_F(Checked, ASwapKeepsWhatIsKnown) {
    RefusingPeer refusing;
    daemon.run(table({a.address(), refusing.address()}));
    EXPECT_TRUE(becomes(refusing.address(), "unhealthy"));
    Words next = table({refusing.address(), a.address(), "weight=2"});
    daemon.reconfigure(next);
    EXPECT_EQ(state(refusing.address()), "unhealthy");
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.lines(" is down: "), 1u);
}

TEST_F(Checked, ABackThatIsUpAgainStartsSlowly) {
    auto b = std::make_unique<Peer>(script::greet_then_echo("b"));
    const Place at = b->place();
    daemon.run(table({a.address(), at.to_string(), "slowstart=1h"}));
    EXPECT_TRUE(becomes(at.to_string(), "healthy"));
    EXPECT_EQ(daemon.frontend()["backends"][1]["weight_percent"], 100);  // not at start
    b.reset();
    EXPECT_TRUE(becomes(at.to_string(), "unhealthy"));
    b = std::make_unique<Peer>(script::greet_then_echo("b"), at);
    EXPECT_TRUE(becomes(at.to_string(), "healthy"));
    EXPECT_LT(daemon.frontend()["backends"][1]["weight_percent"], 10);
}
