// Tables of thousands of frontends: bound and swapped in slices, between which traffic has its
// turn.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

constexpr int kMany = 3000;

class ManyFrontends : public testing::Test {
  protected:
    void SetUp() override {
        daemon.run({first.to_string(), a.address()});
        host = own_address();
    }
    Place nth(int i) const { return {host, static_cast<std::uint16_t>(10'000 + i)}; }

    // `first` and `count` others.
    nlohmann::json table(int count, const std::string& backend) const {
        nlohmann::json frontends = nlohmann::json::array();
        const auto add = [&](const Place& place) {
            frontends.push_back(
                {{"bind", place.to_string()}, {"backends", {{{"address", backend}}}}});
        };
        for (int i = 0; i < count; ++i)
            add(nth(i));
        add(first);
        return {{"frontends", frontends}};
    }
    CommandResult ask_for(const nlohmann::json& table) const {
        return daemon.amba({"reconfigure", "--wait", "--file", "-"}, table.dump());
    }
    void swap_to(const nlohmann::json& table) const {
        const CommandResult done = ask_for(table);
        ASSERT_EQ(done.code, 0) << done.err;
    }
    static std::string who(const Place& place) { return Socket::connect(place).receive(1); }

    Daemon daemon;
    Place first = own_place();
    std::string host;
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
};

}  // namespace

TEST_F(ManyFrontends, ComeAndChangeAndGo) {
    Socket early = Socket::connect(first);
    EXPECT_EQ(early.receive(1), "a");
    swap_to(table(kMany, a.address()));
    for (const int i : {0, 1, kMany / 2, kMany - 1})
        EXPECT_EQ(who(nth(i)), "a") << i;
    Socket kept = Socket::connect(nth(7));
    EXPECT_EQ(kept.receive(1), "a");
    swap_to(table(kMany, b.address()));
    for (const int i : {0, 1, kMany / 2, kMany - 1})
        EXPECT_EQ(who(nth(i)), "b") << i;
    EXPECT_EQ(daemon.status()["frontends"].size(), kMany + 1u);
    swap_to(table(1, b.address()));
    EXPECT_EQ(who(nth(0)), "b");
    for (const int i : {1, kMany / 2, kMany - 1})
        EXPECT_TRUE(is_refused(nth(i))) << i;
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    for (Socket* client : {&early, &kept}) {
        client->send("ping");
        EXPECT_EQ(client->receive(4), "ping");
    }
}

TEST_F(ManyFrontends, AreServedWhileTheyChange) {
    swap_to(table(kMany, a.address()));
    Process::Options options;
    options.input = table(kMany, b.address()).dump();
    Process helper({amba_program(), "reconfigure", "--dir", daemon.dir(), "--file", "-"}, options);
    int served = 0;
    std::string last;
    while (last != "b") {
        for (const Place& place : {first, nth(0), nth(kMany - 1)}) {
            last = who(place);
            ASSERT_TRUE(last == "a" || last == "b") << "connection " << served;
            ++served;
        }
        if (served > 100'000) FAIL() << "the table never changed";
    }
    EXPECT_EQ(helper.wait(), 0) << helper.err();
    EXPECT_EQ(who(nth(0)), "b");
}

TEST_F(ManyFrontends, OneThatIsTakenRefusesThemAll) {
    Peer squatter(script::hold, nth(kMany - 1));
    Process::Options options;
    options.input = table(kMany, b.address()).dump();
    Process helper(
        {amba_program(), "reconfigure", "--wait=50s", "--dir", daemon.dir(), "--file", "-"},
        options);
    // None of them ever listens, whether it was bound or not.
    while (helper.running())
        ASSERT_TRUE(is_refused(nth(0)));
    EXPECT_EQ(helper.wait(), 1);
    EXPECT_NE(helper.err().find(nth(kMany - 1).to_string()), std::string::npos) << helper.err();
    EXPECT_EQ(who(first), "a");
    swap_to(table(10, b.address()));
    EXPECT_EQ(who(nth(0)), "b");
}

TEST_F(ManyFrontends, ComeWithAnAdminAddress) {
    const Place admin = own_place();
    nlohmann::json with_admin = table(kMany, a.address());
    with_admin["admin"] = admin.to_string();
    swap_to(with_admin);
    Socket client = Socket::connect(admin);
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    EXPECT_NE(client.receive_to_end().find("200 OK"), std::string::npos);
}

// However far the swap is, it is completed or leaves no trace.
TEST_F(ManyFrontends, AreOnTheirWayWhenTheDaemonIsToStop) {
    for (int i = 0; i < 6; ++i) {
        const CommandResult asked =
            daemon.amba({"reconfigure", "--file", "-"}, table(kMany + i, b.address()).dump());
        ASSERT_EQ(asked.code, 0) << asked.err;
        std::this_thread::sleep_for(std::chrono::milliseconds(15 * i));
        EXPECT_EQ(daemon.stop(), 0) << daemon.log();
        EXPECT_TRUE(is_refused(first));
        daemon.run();
        EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    }
}
