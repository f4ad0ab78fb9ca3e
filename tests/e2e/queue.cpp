// Caps on connections, and the queue of those that wait: for a backend with room, or for a backend.
#include <gtest/gtest.h>

#include <csignal>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class Queue : public testing::Test {
  protected:
    void run(const Words& words) {
        Words table{place.to_string()};
        table.insert(table.end(), words.begin(), words.end());
        daemon.run(table);
    }
    bool queued(unsigned count) {
        return eventually([&] { return daemon.frontend()["queue_current"] == count; });
    }
    static std::string greeting(Socket& client) { return client.receive(1); }

    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
};

}  // namespace

TEST_F(Queue, OfAFullPoolIsServedInTheOrderOfArrival) {
    run({a.address(), "maxconn=1"});
    Socket first = Socket::connect(place);
    EXPECT_EQ(greeting(first), "a");
    std::vector<Socket> waiting;
    for (unsigned i = 0; i < 5; ++i) {
        waiting.push_back(Socket::connect(place));
        ASSERT_TRUE(queued(i + 1));
    }
    EXPECT_EQ(a.accepted(), 1u);
    first.close();
    for (std::size_t i = 0; i < waiting.size(); ++i) {
        EXPECT_EQ(greeting(waiting[i]), "a");
        for (std::size_t later = i + 1; later < waiting.size(); ++later)
            EXPECT_TRUE(waiting[later].quiet()) << i << " " << later;
        waiting[i].close();
    }
    EXPECT_TRUE(queued(0));
    EXPECT_EQ(daemon.frontend()["queue_total"], 5);
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
}

TEST_F(Queue, NobodyOvertakesIt) {
    run({a.address(), "maxconn=2"});
    std::vector<Socket> open;
    for (int i = 0; i < 2; ++i) {
        open.push_back(Socket::connect(place));
        greeting(open.back());
    }
    Socket early = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    Socket late = Socket::connect(place);
    ASSERT_TRUE(queued(2));
    open.pop_back();
    EXPECT_EQ(greeting(early), "a");
    EXPECT_TRUE(late.quiet());
}

TEST_F(Queue, EndsWithAResetWhenItsTimeIsUp) {
    run({"timeouts.queue=200ms", a.address(), "maxconn=1"});
    Socket first = Socket::connect(place);
    EXPECT_EQ(greeting(first), "a");
    const auto start = Clock::now();
    Socket second = Socket::connect(place);
    EXPECT_EQ(second.end(), End::kReset);
    EXPECT_GE(since(start), 190ms);
    EXPECT_EQ(daemon.frontend()["queue_timeouts"], 1);
    EXPECT_TRUE(daemon.logs("waited 200ms for a backend"));
    first.send("on");
    EXPECT_EQ(first.receive(2), "on");
}

TEST_F(Queue, ForgetsAClientThatLeaves) {
    run({a.address(), "maxconn=1"});
    Socket first = Socket::connect(place);
    EXPECT_EQ(greeting(first), "a");
    Socket gone = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    Socket next = Socket::connect(place);
    ASSERT_TRUE(queued(2));
    gone.reset();
    ASSERT_TRUE(queued(1));
    first.close();
    EXPECT_EQ(greeting(next), "a");
}

TEST_F(Queue, GoesToABackendThatJoins) {
    run({a.address(), "maxconn=1"});
    Socket first = Socket::connect(place);
    EXPECT_EQ(greeting(first), "a");
    Socket second = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    daemon.reconfigure({place.to_string(), a.address(), "maxconn=1", b.address()});
    EXPECT_EQ(greeting(second), "b");
}

TEST_F(Queue, OfAHigherCapIsServedAtOnce) {
    run({a.address(), "maxconn=1"});
    Socket first = Socket::connect(place);
    EXPECT_EQ(greeting(first), "a");
    Socket second = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    daemon.reconfigure({place.to_string(), a.address(), "maxconn=2"});
    EXPECT_EQ(greeting(second), "a");
}

TEST_F(Queue, CarriesWhatTheClientSaidMeanwhile) {
    Peer echo(script::echo);
    run({echo.address(), "maxconn=1"});
    Socket first = Socket::connect(place);
    first.send("1");
    EXPECT_EQ(first.receive(1), "1");
    Socket second = Socket::connect(place);
    second.send("early words");
    second.finish_sending();
    ASSERT_TRUE(queued(1));
    first.close();
    EXPECT_EQ(second.receive_to_end(), "early words");
}

TEST_F(Queue, EachBackendHasItsOwnCap) {
    run({a.address(), "maxconn=1", b.address(), "maxconn=2"});
    std::vector<Socket> clients;
    std::map<std::string, int> served;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(Socket::connect(place));
        ++served[greeting(clients.back())];
    }
    EXPECT_EQ(served, (std::map<std::string, int>{{"a", 1}, {"b", 2}}));
    Socket fourth = Socket::connect(place);
    EXPECT_TRUE(queued(1));
}

TEST_F(Queue, HoldsConnectionsUntilThereIsABackend) {
    run({"empty=hold"});
    Socket client = Socket::connect(place);
    client.send("x");
    ASSERT_TRUE(queued(1));
    daemon.reconfigure({place.to_string(), "empty=hold", a.address()});
    EXPECT_EQ(client.receive(2), "ax");
}

TEST_F(Queue, HoldsThemForItsTimeAlone) {
    run({"empty=hold", "timeouts.queue=150ms"});
    Socket client = Socket::connect(place);
    EXPECT_EQ(client.end(), End::kReset);
}

TEST_F(Queue, IsClosedWithTheDaemon) {
    daemon.flags({"--drain-timeout", "200ms"});
    run({"empty=hold", "timeouts.queue=1h"});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    daemon.signal(SIGTERM);
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_EQ(daemon.wait(), 0);
}

TEST_F(Queue, AboveAFrontendsMaxconnIsTheKernels) {
    run({"maxconn=2", a.address()});
    std::vector<Socket> open;
    for (int i = 0; i < 2; ++i) {
        open.push_back(Socket::connect(place));
        EXPECT_EQ(greeting(open.back()), "a");
    }
    Socket third = Socket::connect(place);
    EXPECT_TRUE(throughout(100ms, [&] { return third.quiet(); }));
    EXPECT_EQ(daemon.frontend()["connections_current"], 2);
    EXPECT_TRUE(daemon.logs("maxconn of 2"));
    open.pop_back();
    EXPECT_EQ(greeting(third), "a");
    Socket fourth = Socket::connect(place);
    EXPECT_TRUE(throughout(100ms, [&] { return fourth.quiet(); }));
    daemon.reconfigure({place.to_string(), a.address()});
    EXPECT_EQ(greeting(fourth), "a");
    EXPECT_EQ(daemon.lines("has its maxconn"), 1u);
}

// The first connection in the queue waits for a full backend, and another backend, which it has
// tried in vain, is back.
TEST_F(Queue, NobodyWaitsBehindOneThatWaitsForAnother) {
    auto before = std::make_unique<Peer>(script::greet_then_echo("r"));
    const Place at = before->place();
    before.reset();
    run({"timeouts.queue=60s", "timeouts.connect=60s", at.to_string(), "maxconn=30", b.address(),
         "maxconn=1"});
    Socket first = Socket::connect(place);
    EXPECT_EQ(greeting(first), "b");
    Socket waiting = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    Peer back(script::greet_then_echo("r"), at);
    std::vector<Socket> newcomers;
    for (int i = 0; i < 12; ++i) {
        newcomers.push_back(Socket::connect(place));
        EXPECT_EQ(greeting(newcomers.back()), "r");
    }
    EXPECT_EQ(greeting(waiting), "r");
    EXPECT_EQ(daemon.frontend()["queue_timeouts"], 0);
}

// Those that wait keep their places while the table changes what they may use.
TEST_F(Queue, IsResetWhereNobodyIsHeldAnyMore) {
    run({"empty=hold", "timeouts.queue=10m"});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(queued(1));
    daemon.reconfigure({place.to_string(), "empty=refuse"});
    EXPECT_EQ(client.end(), End::kReset);
}

// Hundreds of clients meet a small cap: all are served, one after the other, and nothing is left
// behind.
TEST_F(Queue, OfHundredsEmptiesItself) {
    Peer quick(script::greet_then_close("q"));
    run({"timeouts.queue=10m", quick.address(), "maxconn=3"});
    std::vector<Socket> clients;
    for (int i = 0; i < 300; ++i)
        clients.push_back(Socket::connect(place));
    for (Socket& client : clients) {
        ASSERT_EQ(client.receive_to_end(), "q");
        client.close();
    }
    EXPECT_TRUE(queued(0));
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
}
