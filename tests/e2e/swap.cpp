// Swapping the table: established connections are not touched, save as `removed` says.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class Swap : public testing::Test {
  protected:
    // A connection that is known to be served by its backend.
    Socket open() { return open_at(place); }
    Socket open_to(const std::string& name) {
        for (;;) {
            Socket client = Socket::connect(place);
            if (client.receive(1) == name) return client;
        }
    }
    Socket open_at(const Place& at) {
        Socket client = Socket::connect(at);
        client.receive(1);
        return client;
    }
    static bool alive(Socket& client) {
        client.send("ping");
        return client.receive(4) == "ping";
    }
    // A time that is much longer than a swap takes on this machine now.
    Milliseconds longer_than_a_swap() {
        const auto start = Clock::now();
        daemon.reconfigure({place.to_string(), a.address()});
        return 500ms + 10 * since(start);
    }
    std::size_t leaving() {
        std::size_t count = 0;
        const nlohmann::json frontend = daemon.frontend();
        for (const auto& backend : frontend["backends"])
            count += backend["state"] == "leaving";
        return count;
    }
    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
};

}  // namespace

TEST_F(Swap, DoesNotTouchEstablishedConnections) {
    daemon.run({place.to_string(), a.address(), b.address()});
    std::vector<Socket> clients;
    for (int i = 0; i < 10; ++i)
        clients.push_back(open());
    for (int i = 0; i < 50; ++i) {
        daemon.reconfigure({place.to_string(), i % 2 == 0 ? a.address() : b.address()});
        for (Socket& client : clients)
            ASSERT_TRUE(alive(client)) << "after swap " << i;
    }
    EXPECT_EQ(daemon.generation(), 51u);
    EXPECT_EQ(daemon.frontend()["connections_current"], 10);
}

TEST_F(Swap, IsInForceWhenReconfigureReturns) {
    daemon.run({place.to_string(), a.address()});
    for (int i = 0; i < 20; ++i) {
        const bool to_b = i % 2 == 0;
        daemon.reconfigure({place.to_string(), to_b ? b.address() : a.address()});
        ASSERT_EQ(Socket::connect(place).receive(1), to_b ? "b" : "a") << "swap " << i;
    }
}

TEST_F(Swap, KeepsCountersOfABackendThatStays) {
    daemon.run({place.to_string(), a.address()});
    open();
    open();
    daemon.reconfigure({place.to_string(), a.address(), b.address()});
    EXPECT_EQ(totals(daemon.frontend())[a.address()], 2u);
    EXPECT_EQ(daemon.frontend()["connections_total"], 2);
}

TEST_F(Swap, KeepsConnectionsOfARemovedBackendByDefault) {
    daemon.run({place.to_string(), a.address()});
    Socket old = open();
    daemon.reconfigure({place.to_string(), b.address()});
    EXPECT_TRUE(throughout(300ms, [&] { return old.quiet(); }));
    EXPECT_TRUE(alive(old));
    EXPECT_EQ(leaving(), 1u);
    old.close();
    EXPECT_TRUE(eventually([&] { return leaving() == 0; }));
}

// The deadline is the ambassador's: of five drains beside connections at full speed, the median is
// within a tenth of a second, and what the others wait for when the machine has much else to do.
TEST_F(Swap, WithDrainKeepsTheDeadlineUnderLoad) {
    const Place busy = own_place();
    const Words beside{"+", busy.to_string(), b.address()};
    const auto table = [&](const Peer& peer) {
        Words words{place.to_string(), "removed=drain:400ms", peer.address()};
        words.insert(words.end(), beside.begin(), beside.end());
        return words;
    };
    daemon.run(table(a));
    std::atomic<bool> over{false};
    std::vector<std::thread> load;
    std::vector<Milliseconds> longest(4, Milliseconds(0));
    for (Milliseconds& most : longest) {
        load.emplace_back([&] {
            Socket client = open_at(busy);
            for (auto start = Clock::now(); !over && alive(client); start = Clock::now())
                most = std::max(most, since(start));
        });
    }
    std::vector<std::chrono::milliseconds> late;
    for (int i = 0; i < 5; ++i) {
        Socket old = open();
        const auto asked = Clock::now();
        daemon.reconfigure(table(i % 2 == 0 ? b : a));
        const auto swapped = Clock::now();
        EXPECT_EQ(old.end(), End::kReset);
        EXPECT_GE(since(asked), 400ms);
        late.push_back(since(swapped) - 400ms);
    }
    over = true;
    for (std::thread& thread : load)
        thread.join();
    std::sort(late.begin(), late.end());
    EXPECT_LE(late[2], 100ms + 3 * *std::max_element(longest.begin(), longest.end()));
}

TEST_F(Swap, WithDrainClosesThemWhenTheTimeIsUp) {
    daemon.run({place.to_string(), "removed=drain:300ms", a.address()});
    Socket old = open();
    const auto start = Clock::now();
    daemon.reconfigure({place.to_string(), "removed=drain:300ms", b.address()});
    EXPECT_EQ(old.end(), End::kReset);
    EXPECT_GE(since(start), 290ms);
    EXPECT_LT(since(start), kAtOnce);
    EXPECT_EQ(Socket::connect(place).receive(1), "b");
    EXPECT_TRUE(daemon.logs("time is up"));
}

TEST_F(Swap, WithDrainLetsThemEndByThemselves) {
    daemon.run({place.to_string(), "removed=drain:1h", a.address()});
    Socket old = open();
    daemon.reconfigure({place.to_string(), "removed=drain:1h", b.address()});
    EXPECT_TRUE(alive(old));
    old.finish_sending();
    EXPECT_EQ(old.end(), End::kFin);
    EXPECT_TRUE(eventually([&] { return leaving() == 0; }));
}

TEST_F(Swap, WithCloseClosesThemAtOnce) {
    daemon.run({place.to_string(), "removed=close", a.address(), b.address()});
    Socket at_a = open_to("a");
    Socket at_b = open_to("b");
    daemon.reconfigure({place.to_string(), "removed=close", b.address()});
    EXPECT_EQ(at_a.end(), End::kReset);
    EXPECT_TRUE(alive(at_b));
}

TEST_F(Swap, ThatBringsABackendBackCancelsItsDrain) {
    daemon.run({place.to_string(), a.address()});
    const Milliseconds time = longer_than_a_swap();
    const std::string drain = "removed=drain:" + std::to_string(time.count()) + "ms";
    daemon.reconfigure({place.to_string(), drain, a.address()});
    Socket old = open();
    daemon.reconfigure({place.to_string(), drain, b.address()});
    daemon.reconfigure({place.to_string(), drain, a.address(), b.address()});
    EXPECT_TRUE(throughout(time + 300ms, [&] { return old.quiet(); }));
    EXPECT_TRUE(alive(old));
    EXPECT_EQ(leaving(), 0u);
}

TEST_F(Swap, DoesNotForgetADrainUnderWay) {
    daemon.run({place.to_string(), "removed=drain:500ms", a.address()});
    Socket old = open();
    const auto start = Clock::now();
    daemon.reconfigure({place.to_string(), "removed=drain:500ms", b.address()});
    for (int i = 0; i < 5; ++i) {
        daemon.reconfigure({place.to_string(), "removed=drain:500ms", b.address(),
                            "weight=" + std::to_string(i + 2)});
    }
    EXPECT_EQ(old.end(), End::kReset);
    EXPECT_LT(since(start), kAtOnce);
}

TEST_F(Swap, OfAFrontendThatGoesRefusesAndKeepsItsConnections) {
    const Place other = own_place();
    daemon.run({place.to_string(), a.address(), "+", other.to_string(), b.address()});
    Socket old = open_at(other);
    const CommandResult done =
        daemon.amba({"reconfigure", "--wait", place.to_string(), a.address()});
    EXPECT_NE(done.out.find("frontend " + other.to_string() + " removed"), std::string::npos)
        << done.out;
    EXPECT_TRUE(is_refused(other));
    EXPECT_TRUE(alive(old));
    old.close();
    EXPECT_TRUE(eventually([&] { return daemon.status()["frontends"].size() == 1; }));
}

TEST_F(Swap, OfAFrontendThatGoesFollowsItsOwnLastWord) {
    const Place drained = own_place();
    const Place closed = own_place();
    daemon.run({place.to_string(), a.address()});
    const Milliseconds time = longer_than_a_swap();
    daemon.reconfigure({place.to_string(), a.address(), "+", drained.to_string(),
                        "removed=drain:" + std::to_string(time.count()) + "ms", b.address(), "+",
                        closed.to_string(), "removed=close", b.address()});
    Socket kept = open();
    Socket at_drained = open_at(drained);
    Socket at_closed = open_at(closed);
    const auto start = Clock::now();
    daemon.reconfigure({place.to_string(), a.address()});
    EXPECT_EQ(at_closed.end(), End::kReset);
    EXPECT_TRUE(at_drained.quiet());
    EXPECT_EQ(at_drained.end(), End::kReset);
    EXPECT_GE(since(start), time - 10ms);
    EXPECT_TRUE(alive(kept));
}

TEST_F(Swap, OfAFrontendThatReturnsCancelsItsDrain) {
    const Place other = own_place();
    daemon.run({place.to_string(), a.address()});
    const Milliseconds time = longer_than_a_swap();
    const Words both{place.to_string(),
                     a.address(),
                     "+",
                     other.to_string(),
                     "removed=drain:" + std::to_string(time.count()) + "ms",
                     b.address()};
    daemon.reconfigure(both);
    Socket old = open_at(other);
    daemon.reconfigure({place.to_string(), a.address()});
    daemon.reconfigure(both);
    EXPECT_TRUE(throughout(time + 300ms, [&] { return old.quiet(); }));
    EXPECT_TRUE(alive(old));
    EXPECT_EQ(open_at(other).open(), true);
}

TEST_F(Swap, ToAnEmptyTableAndBack) {
    daemon.run({place.to_string(), a.address()});
    Socket old = open();
    EXPECT_EQ(daemon.amba({"reconfigure", "--wait", "--file", "-"}, R"({"frontends": []})").code,
              0);
    EXPECT_TRUE(is_refused(place));
    EXPECT_TRUE(alive(old));
    daemon.reconfigure({place.to_string(), b.address()});
    EXPECT_EQ(Socket::connect(place).receive(1), "b");
}

TEST_F(Swap, WhileDialingMovesOnToTheNewTable) {
    SilentPeer silent;
    daemon.run({place.to_string(), "timeouts.connect=60s", silent.address()});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 1; }));
    daemon.reconfigure({place.to_string(), "timeouts.connect=60s", silent.address(), a.address()});
    Socket next = Socket::connect(place);
    EXPECT_EQ(next.receive(1), "a");
}

TEST_F(Swap, KeepsDescriptorsAndMemoryFlat) {
    daemon.run({place.to_string(), a.address()});
    const auto swap = [&](int i) {
        daemon.reconfigure({place.to_string(), i % 2 == 0 ? b.address() : a.address(), "+",
                            Place{place.host, static_cast<std::uint16_t>(7000 + i % 5)}.to_string(),
                            a.address()});
    };
    for (int i = 0; i < 50; ++i)
        swap(i);
    const std::size_t descriptors = daemon.process().descriptors();
    const std::size_t memory = daemon.process().anonymous_kb();
    const bool sanitized = daemon.process().sanitized();
    for (int i = 0; i < (full() && !sanitized ? 5000 : 150); ++i)
        swap(i);
    EXPECT_LE(daemon.process().descriptors(), descriptors + 2);
    if (!sanitized) {
        EXPECT_LE(daemon.process().anonymous_kb(), memory + 1024);
    }
}
