// kill -9 at any moment: the next start has the table, replaces the socket that was left, and loses
// nothing that was answered with "applied".
#include <gtest/gtest.h>
#include <signal.h>

#include <random>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

TEST(Killed, AndRestartedServesWhatWasApplied) {
    Peer a(script::greet_then_echo("a"));
    Peer b(script::greet_then_echo("b"));
    const Place place = own_place();
    Daemon daemon;
    const Words words{place.to_string(), a.address()};
    daemon.run(words);
    for (int i = 0; i < (full() ? 100 : 10); ++i) {
        const Peer& peer = i % 2 == 0 ? b : a;
        daemon.reconfigure({place.to_string(), peer.address()});
        Socket client = Socket::connect(place);
        client.receive(1);
        daemon.kill();
        EXPECT_NE(client.end(), End::kNone);
        daemon.run(words);
        ASSERT_EQ(Socket::connect(place).receive(1), i % 2 == 0 ? "b" : "a") << "restart " << i;
        ASSERT_EQ(daemon.amba({"healthcheck"}).code, 0);
        ASSERT_EQ(daemon.generation(), static_cast<unsigned>(i) + 2);
        EXPECT_EQ(daemon.lines("warning") + daemon.lines("error"), 0u) << daemon.log();
    }
}

TEST(Killed, InTheMiddleOfSwapsStartsWithAWholeTable) {
    Peer a(script::greet_then_echo("a"));
    Peer b(script::greet_then_echo("b"));
    const Place place = own_place();
    Daemon daemon;
    const Words words{place.to_string(), a.address()};
    std::mt19937_64 random(seed());
    for (int i = 0; i < (full() ? 100 : 8); ++i) {
        daemon.run(words);
        std::thread writer([&] {
            for (int k = 0; k < 30; ++k) {
                daemon.amba({"reconfigure", place.to_string(), (k % 2 == 0 ? b : a).address()});
            }
        });
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));
        daemon.process().signal(SIGKILL);
        writer.join();
        daemon.kill();
        daemon.run(words);
        const std::string name = Socket::connect(place).receive(1);
        // The last file that was written must be the table: no other writer is left.
        ASSERT_EQ(name, "a") << "round " << i << "\n" << daemon.log();
        daemon.stop();
    }
}

TEST(Killed, LeavesTheLockFree) {
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string()});
    daemon.kill();
    EXPECT_TRUE(exists(daemon.file("amba.sock")));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 1);
    daemon.run({place.to_string()});
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
}

TEST(Killed, InAClientsMiddleIsAResetForTheServerToo) {
    std::atomic<int> how{-1};
    Peer peer([&](Socket& client) {
        client.send("ok");
        how = static_cast<int>(client.end());
    });
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.receive(2);
    daemon.kill();
    EXPECT_NE(client.end(), End::kNone);
    EXPECT_TRUE(eventually([&] { return how >= 0; }));
}
