// Tables of thousands of backends: worked out beside the loop, and gone through in parts.
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

constexpr int kMany = 9000;

class LargeTable : public testing::Test {
  protected:
    // `live` with weight 1 and thousands that take nothing.
    CommandResult ask_for(const Place& bind, const std::vector<std::string>& live, int others,
                          const std::string& removed) {
        nlohmann::json backends = nlohmann::json::array();
        for (const std::string& address : live)
            backends.push_back({{"address", address}});
        for (int i = 0; i < others; ++i) {
            backends.push_back(
                {{"address", "127.0.0.9:" + std::to_string(10000 + i)}, {"weight", 0}});
        }
        const nlohmann::json table{
            {"frontends",
             {{{"bind", bind.to_string()}, {"removed", removed}, {"backends", backends}}}}};
        return daemon.amba({"reconfigure", "--wait", "--file", "-"}, table.dump());
    }
    void swap_to(const std::vector<std::string>& live, int others, const std::string& removed) {
        const CommandResult done = ask_for(place, live, others, removed);
        ASSERT_EQ(done.code, 0) << done.err;
    }
    Socket open() {
        Socket client = Socket::connect(place);
        client.receive(1);
        return client;
    }
    static bool alive(Socket& client) {
        client.send("ping");
        return client.receive(4) == "ping";
    }

    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
};

}  // namespace

TEST_F(LargeTable, KeepsConnectionsAndCounters) {
    daemon.run({place.to_string(), a.address(), b.address()});
    Socket first = open();
    Socket second = open();
    for (int others : {kMany, kMany + 1, 10, kMany, 0}) {
        swap_to({a.address(), b.address()}, others, "keep");
        EXPECT_TRUE(alive(first));
        EXPECT_TRUE(alive(second));
        EXPECT_EQ(daemon.frontend()["backends"].size(), static_cast<std::size_t>(others + 2));
    }
    EXPECT_EQ(totals(daemon.frontend())[a.address()], 1u);
    EXPECT_EQ(totals(daemon.frontend())[b.address()], 1u);
}

TEST_F(LargeTable, DrainsABackendThatLeftIt) {
    daemon.run({place.to_string(), a.address()});
    swap_to({b.address(), a.address()}, kMany, "drain:300ms");
    Socket of_a = open();
    Socket of_b = open();
    swap_to({a.address()}, kMany, "drain:300ms");
    // One of the two was served by b.
    const auto is_over = [](Socket& client) {
        try {
            client.send("x");
            return client.receive(1).empty();
        } catch (const SocketError&) {
            return true;
        }
    };
    EXPECT_TRUE(daemon.logs("time is up"));
    EXPECT_EQ(is_over(of_a) + is_over(of_b), 1);
    EXPECT_EQ(daemon.lines("left frontend"), 1u) << daemon.log();
}

TEST_F(LargeTable, ThatCannotBeBoundIsRejectedAndTheNextIsApplied) {
    Peer squatter(script::hold, own_place());
    daemon.run({place.to_string(), a.address()});
    Socket client = open();
    const CommandResult wrong = ask_for(squatter.place(), {b.address()}, kMany, "keep");
    EXPECT_EQ(wrong.code, 1);
    EXPECT_TRUE(alive(client));
    EXPECT_EQ(Socket::connect(place).receive(1), "a");
    swap_to({b.address()}, kMany, "keep");
    EXPECT_EQ(Socket::connect(place).receive(1), "b");
}

TEST_F(LargeTable, GivesItsMemoryBack) {
#ifdef AMBA_SANITIZED
    constexpr std::size_t kGrowthKb = 60'000;
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 1);  // it keeps 256 MB of what is freed
#else
    constexpr std::size_t kGrowthKb = 2'000;  // of a table of 9,000: more
#endif
    daemon.run({place.to_string(), a.address()});
    swap_to({a.address()}, kMany, "keep");
    swap_to({a.address()}, 0, "keep");
    const std::size_t before = daemon.process().anonymous_kb();
    for (int i = 0; i < 5; ++i) {
        swap_to({a.address()}, kMany, "keep");
        swap_to({a.address()}, 0, "keep");
    }
    EXPECT_TRUE(eventually([&] { return daemon.process().anonymous_kb() < before + kGrowthKb; }))
        << daemon.process().anonymous_kb() << " KiB, before " << before;
    EXPECT_EQ(Socket::connect(place).receive(1), "a");
}
