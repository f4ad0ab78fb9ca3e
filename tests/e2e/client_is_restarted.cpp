// The container that an ambassador serves ends: the ambassador says so and makes way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/network.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

constexpr const char* kLink = "the network namespace has a link again";

class ClientIsRestarted : public testing::Test {
  protected:
    void SetUp() override {
        if (!network.possible()) GTEST_SKIP() << "needs a network namespace";
        make_link();
        peer.emplace(script::greet_then_echo("ok"));
    }
    void run(const std::string& orphan_exit) {
        daemon.flags({"--orphan-exit", orphan_exit});
        daemon.run({place.to_string(), peer->address()});
    }
    // What the Engine does when the container starts, and ends.
    void make_link() const { ASSERT_TRUE(network.add_link("eth0")); }
    void end_container() const { ASSERT_TRUE(network.ip("link del eth0")); }
    Socket open() const {
        Socket client = Socket::connect(place);
        client.receive(2);
        return client;
    }
    bool is_orphan() const {
        return eventually([&] { return daemon.get("/healthz").status == 503; });
    }

    NetworkNamespace network;
    std::optional<Peer> peer;
    Daemon daemon;
    const Place place = own_place();
};

}  // namespace

TEST_F(ClientIsRestarted, AndItSaysSo) {
    run("off");
    EXPECT_EQ(daemon.status()["orphaned"], "");
    EXPECT_THAT(daemon.get("/metrics").body, HasSubstr("\namba_orphaned 0\n"));
    end_container();
    ASSERT_TRUE(is_orphan());
    EXPECT_THAT(daemon.get("/healthz").body, HasSubstr("orphaned: its network namespace has no "));
    EXPECT_EQ(daemon.get("/readyz").status, 503);
    const CommandResult health = daemon.amba({"healthcheck"});
    EXPECT_EQ(health.code, 1);
    EXPECT_THAT(health.out + health.err, HasSubstr("orphaned"));
    EXPECT_NE(daemon.status()["orphaned"], "");
    EXPECT_THAT(daemon.get("/metrics").body, HasSubstr("\namba_orphaned 1\n"));
    EXPECT_THAT(daemon.get("/events").body, HasSubstr("\"event\": \"orphan\""));
    EXPECT_THAT(daemon.amba({"status"}).out, HasSubstr("orphaned: no network link since"));
    EXPECT_EQ(daemon.lines(" orphan: "), 1u) << daemon.log();
    // It stays, as it was told to, and serves what it can reach.
    EXPECT_TRUE(throughout(1s, [&] { return daemon.process().running(); }));
    EXPECT_EQ(open().receive(0), "");
}

TEST_F(ClientIsRestarted, AndItEndsWithACodeOfItsOwn) {
    run("300ms");
    const auto begin = Clock::now();
    end_container();
    EXPECT_EQ(daemon.wait(), 4);
    EXPECT_GE(since(begin), 290ms);
    EXPECT_TRUE(daemon.logs(" exit: the network namespace has no link"));
    // Whoever starts it again finds its table.
    make_link();
    daemon.run({place.to_string(), peer->address()});
    open();
}

// Somebody is still there, and is served.
TEST_F(ClientIsRestarted, AndItWaitsForWhoeverIsConnected) {
    run("200ms");
    Socket client = open();
    end_container();
    ASSERT_TRUE(is_orphan());
    EXPECT_TRUE(throughout(1s, [&] { return daemon.process().running(); }));
    client.send("ping");
    EXPECT_EQ(client.receive(4), "ping");
    client.close();
    EXPECT_EQ(daemon.wait(), 4);
}

// A client that was killed is gone, and the server never hears of it.
TEST_F(ClientIsRestarted, AndItDoesNotWaitForServersThatCannotBeReached) {
    Peer deaf(script::hold);
    daemon.flags({"--orphan-exit", "200ms"});
    daemon.run({place.to_string(), deaf.address()});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return deaf.open() == 1; }));
    client.close();
    end_container();
    EXPECT_EQ(daemon.wait(), 4);
}

// `docker network disconnect` and `connect`.
TEST_F(ClientIsRestarted, AndItStaysWhenALinkComesBack) {
    run("10m");
    for (int i = 1; i <= 2; ++i) {
        end_container();
        ASSERT_TRUE(is_orphan());
        make_link();
        EXPECT_TRUE(eventually([&] { return daemon.get("/healthz").status == 200; }));
        EXPECT_EQ(daemon.status()["orphaned"], "");
        EXPECT_EQ(daemon.lines(kLink), static_cast<std::size_t>(i)) << daemon.log();
    }
    open();
}

// The time begins anew with each end.
TEST_F(ClientIsRestarted, AndItCountsFromTheLastTime) {
    run("1s");
    for (int i = 0; i < 3; ++i) {
        end_container();
        ASSERT_TRUE(is_orphan());
        std::this_thread::sleep_for(600ms);
        if (!daemon.process().running()) break;  // a busy machine: the sleep was longer
        make_link();
        ASSERT_TRUE(eventually([&] { return daemon.lines(kLink) == std::size_t(i) + 1; }));
    }
    EXPECT_TRUE(throughout(1500ms, [&] { return daemon.process().running(); }));
}

TEST_F(ClientIsRestarted, AndASignalGoesFirst) {
    daemon.flags({"--orphan-exit", "200ms", "--drain-timeout", "10m"});
    daemon.run({place.to_string(), peer->address()});
    Socket client = open();
    daemon.signal(SIGTERM);
    ASSERT_TRUE(daemon.logs(" drain: "));
    end_container();
    ASSERT_TRUE(is_orphan());
    EXPECT_TRUE(throughout(1s, [&] { return daemon.process().running(); }));
    client.close();
    EXPECT_EQ(daemon.wait(), 0);
}

// Nothing has ended where there never was a network.
TEST_F(ClientIsRestarted, OrHasNoNetworkAtAll) {
    end_container();
    run("100ms");
    EXPECT_TRUE(throughout(1s, [&] { return daemon.process().running(); }));
    EXPECT_EQ(daemon.get("/healthz").status, 200);
    EXPECT_EQ(daemon.lines(" orphan: "), 0u) << daemon.log();
}

TEST_F(ClientIsRestarted, AndATimeThatIsNoneIsTold) {
    const CommandResult wrong = daemon.amba({"run", "--orphan-exit=soon", place.to_string()});
    EXPECT_EQ(wrong.code, 2);
    EXPECT_THAT(wrong.err, HasSubstr("--orphan-exit: \"soon\""));
    EXPECT_THAT(wrong.err, HasSubstr("or off"));
}
