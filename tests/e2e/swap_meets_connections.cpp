// Swaps that meet connections in the middle of something: waiting, being dialed, ending. The daemon
// must live (Daemon sees to it), and everybody else must not notice.
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <thread>

#include "support/daemon.hpp"
#include "support/network.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class SwapMeets : public testing::Test {
  protected:
    static std::string ask(const Place& at) { return Socket::connect(at).receive(1); }
    bool queued(unsigned count) {
        return eventually([&] { return daemon.frontend()["queue_current"] == count; });
    }
    // The CPU time that the daemon has used.
    double cpu_seconds() {
        std::ifstream in("/proc/" + std::to_string(daemon.process().pid()) + "/stat");
        std::string text((std::istreambuf_iterator<char>(in)), {});
        unsigned long user = 0;
        unsigned long system = 0;
        std::sscanf(text.c_str() + text.rfind(')'),
                    ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
        return static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
    }

    Daemon daemon;
    const Place place = own_place();
    const Place other = own_place();
};

}  // namespace

// It comes back while a connection of its former life is open, and closes that one.
TEST_F(SwapMeets, AFrontendThatComesBack) {
    Peer a(script::greet_then_echo("a"));
    Peer b(script::greet_then_echo("b"));
    const std::string front = place.to_string();
    const Words rest{"+", other.to_string(), b.address()};
    const auto with = [&](Words words) {
        words.insert(words.end(), rest.begin(), rest.end());
        return words;
    };
    daemon.run(with({front, "removed=keep", a.address()}));
    Socket old = Socket::connect(place);
    ASSERT_EQ(old.receive(1), "a");
    daemon.reconfigure({other.to_string(), b.address()});
    daemon.reconfigure(with({front, "removed=close", b.address()}));
    EXPECT_EQ(old.end(), End::kReset);
    EXPECT_EQ(ask(place), "b");
    for (int i = 0; i < 6; ++i) {
        daemon.reconfigure(with({front, "removed=close", (i % 2 == 0 ? a : b).address()}));
        EXPECT_EQ(ask(place), i % 2 == 0 ? "a" : "b");
        EXPECT_EQ(ask(other), "b");
    }
    EXPECT_TRUE(eventually([&] {
        const auto status = daemon.status();
        return status["frontends"].size() == 2 &&
               status["frontends"][0]["connections_current"] == 0;
    }));
}

TEST_F(SwapMeets, AConnectionThatHasTriedMoreThanItMayNow) {
    RefusingPeer refusing;
    Peer b(script::greet_then_echo("b"));
    const auto table = [&](const char* retries, const char* room) {
        return Words{place.to_string(), retries, refusing.address(), b.address(), room};
    };
    daemon.run(table("retries=1", "maxconn=1"));
    Socket first = Socket::connect(place);
    ASSERT_EQ(first.receive(1), "b");
    Socket one = Socket::connect(place);
    Socket two = Socket::connect(place);
    ASSERT_TRUE(queued(2));
    daemon.reconfigure(table("retries=0", "maxconn=2"));
    first.send("x");
    EXPECT_EQ(first.receive(1), "x");
    EXPECT_TRUE(queued(0));
}

// Its queue has connections that can go nowhere else when the first of them ends.
TEST_F(SwapMeets, AFrontendThatLeavesWithAQueue) {
    const NetworkNamespace network;
    ASSERT_TRUE(network.possible()) << "needs root";
    const Place at{own_address(), 7001};
    Peer a(script::greet_then_echo("a"), at);
    Peer b(script::greet_then_echo("b"));
    daemon.run({place.to_string(), "removed=close", "retries=0", "timeouts.queue=1h",
                at.to_string(), "maxconn=1", "+", other.to_string(), b.address()});
    std::vector<Socket> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(Socket::connect(place));
    ASSERT_TRUE(queued(3));
    ASSERT_TRUE(network.ip("route add unreachable " + at.host + "/32 table local"));
    daemon.reconfigure({other.to_string(), b.address()});
    for (Socket& client : clients) {
        std::string greeting;
        EXPECT_EQ(client.read_to_end(greeting), End::kReset);
    }
    EXPECT_EQ(ask(other), "b");
    EXPECT_TRUE(eventually([&] { return daemon.status()["frontends"].size() == 1; }));
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
}

// A backend that it has tried in vain is dropped while it waits for another's answer.
TEST_F(SwapMeets, AConnectionThatRemembersABackend) {
    RefusingPeer refusing;
    SilentPeer silent;
    const Words settings{place.to_string(), "hedge=off", "timeouts.connect=2s"};
    Words all = settings;
    all.insert(all.end(), {refusing.address(), silent.address()});
    daemon.run(all);
    std::vector<Socket> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(Socket::connect(place));
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["retries_total"] >= 2; }));
    Words less = settings;
    less.push_back(silent.address());
    daemon.reconfigure(less);
    for (Socket& client : clients)
        EXPECT_EQ(client.end(), End::kReset);
}

TEST_F(SwapMeets, AFrontendAtItsMaxconn) {
    Peer a(script::greet_then_echo("a"));
    const Words with{place.to_string(), "maxconn=1", a.address(), "+",
                     other.to_string(), a.address()};
    daemon.run(with);
    Socket first = Socket::connect(place);
    ASSERT_EQ(first.receive(1), "a");
    Socket above = Socket::connect(place);
    ASSERT_TRUE(daemon.logs("has its maxconn"));
    daemon.reconfigure({other.to_string(), a.address()});
    daemon.reconfigure(with);
    Socket waiting = Socket::connect(place);
    const double before = cpu_seconds();
    EXPECT_TRUE(throughout(1500ms, [&] { return waiting.quiet(); }));
    EXPECT_LT(cpu_seconds() - before, 0.3) << "it spins";
    first.close();
    above.close();
    EXPECT_EQ(waiting.receive(1), "a");
}

// Its check and its connects fail in one batch of events: what goes on with another backend must
// not be ended by the event of the first.
TEST_F(SwapMeets, AConnectionThatIsDialedAnewInABatch) {
    auto silent = std::make_unique<SilentPeer>();
    const Place gone = silent->place();
    const auto unanswered = [&] {
        return unanswered_connects(gone.host, gone.port);
    };
    const std::size_t fillers = unanswered();
    Peer b(script::greet_then_echo("b"));
    daemon.with_checks();
    daemon.run({place.to_string(), "hedge=off", "on-marked-down=close", "inter=100ms", "fall=1",
                "check.timeout=5m", "timeouts.connect=5m", gone.to_string(), b.address()});
    ASSERT_TRUE(eventually([&] { return unanswered() > fillers; })) << "its check";
    // So that the kernel repeats its SYN, and learns of the end, before those of the connects.
    std::this_thread::sleep_for(300ms);
    std::vector<Socket> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(Socket::connect(place));
    ASSERT_TRUE(eventually([&] { return unanswered() >= fillers + 3; })) << "its connects";
    daemon.signal(SIGSTOP);
    silent.reset();
    EXPECT_TRUE(eventually([&] { return unanswered() == 0; }, 60s));
    daemon.signal(SIGCONT);
    for (Socket& client : clients) {
        EXPECT_EQ(client.receive(1), "b");
        client.send("x");
        EXPECT_EQ(client.receive(1), "x");
    }
    // If the event was taken for one of their sockets, they would be reset after a second.
    EXPECT_TRUE(throughout(1500ms, [&] {
        return std::all_of(clients.begin(), clients.end(),
                           [](const Socket& client) { return client.quiet(); });
    }));
}

// In a race between two slow backends, the slow connect uses its backend like the other one.
TEST_F(SwapMeets, TheSlowHalfOfARace) {
    SilentPeer one;
    SilentPeer two;
    const Words settings{place.to_string(), "removed=close", "timeouts.connect=5m"};
    Words both = settings;
    both.insert(both.end(), {one.address(), two.address()});
    daemon.run(both);
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["hedges_total"] == 1; }));
    Words second = settings;
    second.push_back(two.address());
    daemon.reconfigure(second);
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["backends"].size() == 1; }));
    EXPECT_TRUE(client.quiet());
}
