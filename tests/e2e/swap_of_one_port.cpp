// From PORT to ADDR:PORT of the same port and back, while clients connect: the new socket listens
// before the old one closes, and what waits in the old one's queue is served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// Connects as fast as it can until it is stopped, and counts what went wrong.
class ConnectLoop {
  public:
    explicit ConnectLoop(Place place) : place_(std::move(place)), thread_([this] { loop(); }) {}
    ~ConnectLoop() {
        if (thread_.joinable()) stop();
    }
    std::size_t stop() {
        stopping_ = true;
        thread_.join();
        return served_;
    }
    const std::vector<std::string>& failures() const { return failures_; }
    std::size_t served() const { return served_; }

  private:
    void loop() {
        while (!stopping_ && failures_.size() < 5) {
            try {
                Socket client = Socket::connect(place_);
                client.send("?");
                if (client.receive_to_end() != "ok") failures_.push_back("wrong answer");
                ++served_;
            } catch (const SocketError& error) {
                failures_.push_back(error.what());
            }
        }
    }
    const Place place_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> served_{0};
    std::vector<std::string> failures_;
    std::thread thread_;
};

void answer(Socket& client) {
    client.receive(1);
    client.send("ok");
}

}  // namespace

TEST(SwapOfOnePort, BetweenEveryAddressAndOneHasNoGap) {
    Peer peer(answer);
    const Place place{own_address(), free_port()};
    const std::string port = std::to_string(place.port);
    Daemon daemon;
    daemon.run({port, peer.address()});
    ConnectLoop one(place);
    ConnectLoop two(place);
    const int swaps = full() ? 1000 : 60;
    for (int i = 0; i < swaps; ++i) {
        daemon.reconfigure({i % 2 == 0 ? place.to_string() : port, peer.address()});
        const std::size_t before = one.served();
        ASSERT_TRUE(
            eventually([&] { return one.served() > before + 2 || !one.failures().empty(); }));
    }
    EXPECT_GT(one.stop() + two.stop(), static_cast<std::size_t>(swaps));
    EXPECT_THAT(one.failures(), testing::IsEmpty());
    EXPECT_THAT(two.failures(), testing::IsEmpty());
}

TEST(SwapOfOnePort, OfTheSameFrontendKeepsItsListeningSocket) {
    Peer peer(answer);
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    ConnectLoop clients(place);
    for (int i = 0; i < 100; ++i)
        daemon.reconfigure({place.to_string(), peer.address(), "weight=" + std::to_string(1 + i)});
    EXPECT_TRUE(eventually([&] { return clients.served() > 100; }));
    clients.stop();
    EXPECT_THAT(clients.failures(), testing::IsEmpty());
}

TEST(SwapOfOnePort, LeavesNobodyElseAShareOfThePort) {
    // SO_REUSEPORT is on for the moment of the bind alone: afterwards the port is taken.
    Peer peer(answer);
    const Place place{own_address(), free_port()};
    Daemon daemon;
    daemon.run({std::to_string(place.port), peer.address()});
    daemon.reconfigure({place.to_string(), peer.address()});
    Daemon other;
    other.launch({place.to_string(), peer.address()});
    EXPECT_EQ(other.wait(), 1);
    EXPECT_NE(other.log().find("taken"), std::string::npos) << other.log();
}

TEST(SwapOfOnePort, OfOverlappingFrontendsInOneTableIsAnError) {
    const std::string port = std::to_string(free_port());
    for (const Words& table : {Words{port, "+", "127.0.0.1:" + port}, Words{port, "+", "*:" + port},
                               Words{"0.0.0.0:" + port, "+", "127.1.2.3:" + port}}) {
        Words words{"run"};
        words.insert(words.end(), table.begin(), table.end());
        const CommandResult done = run_amba(words);
        EXPECT_EQ(done.code, 2) << done.err;
        EXPECT_NE(done.err.find(port), std::string::npos) << done.err;
    }
}
