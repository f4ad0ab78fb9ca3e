// A reader that pauses stops the writer, for as long as it likes; the memory of the ambassador
// stays what it was, and nothing is missing when the reader goes on.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/daemon.hpp"
#include "support/pattern.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// What one stopped direction may hold: two socket buffers belong to the kernel, a pipe and a chunk
// to the ambassador. A build with sanitizers needs a little more.
constexpr std::size_t kGrowthKb = 6 * 1024;

// Tells when nothing is taken any more: for a second, and for much longer than any pause so far, as
// a busy machine has pauses of its own.
class StallDetector {
  public:
    void add(std::size_t bytes) {
        if (bytes == 0) return;
        longest_ = std::max(longest_, since(moved_));
        moved_ = Clock::now();
    }
    bool stalled() const { return since(moved_) > 1s + 10 * longest_; }

  private:
    Clock::time_point moved_ = Clock::now();
    Milliseconds longest_{0};
};

// Writes until nothing is taken any more, and returns what is left of the last block.
std::string write_until_stuck(Socket& socket, Pattern& pattern) {
    std::string block = pattern.next(1 << 16);
    StallDetector detector;
    while (!detector.stalled() && pattern.position() < (256u << 20)) {
        const std::size_t sent = socket.send_some(block);
        detector.add(sent);
        block.erase(0, sent);
        if (block.empty()) block = pattern.next(1 << 16);
        if (sent == 0) std::this_thread::sleep_for(1ms);
    }
    return block;
}

}  // namespace

TEST(SlowReader, StopsTheServerAndLosesNothing) {
    const std::uint64_t number = seed();
    std::atomic<std::size_t> written{0};
    std::atomic<bool> stuck{false};
    Peer peer([&](Socket& client) {
        Pattern pattern(number);
        const std::string block = write_until_stuck(client, pattern);
        written = pattern.position() - block.size();
        stuck = true;
        client.send(block, 180s);
        written += block.size();
        client.finish_sending();
        client.receive_to_end();
    });
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    const std::size_t before = daemon.process().anonymous_kb();
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return stuck.load(); })) << "the writer was never stopped";
    const std::size_t taken = written;
    EXPECT_LT(taken, 64u << 20);
    const auto pause = full() ? Milliseconds(120s) : Milliseconds(1s);
    EXPECT_TRUE(throughout(pause, [&] { return written == taken && client.open(); }));
    EXPECT_LT(daemon.process().anonymous_kb(), before + kGrowthKb);

    const std::string got = client.receive_to_end();
    Pattern expected(number);
    EXPECT_TRUE(expected.matches(got)) << expected.error();
    EXPECT_EQ(got.size(), written);
}

TEST(SlowReader, AtTheServerStopsTheClientAndLosesNothing) {
    const std::uint64_t number = seed();
    std::atomic<bool> go_on{false};
    std::string wrong = "not yet";
    std::size_t got = 0;
    Peer peer([&](Socket& client) {
        if (!eventually([&] { return go_on.load(); }, 150s)) return;
        const std::string bytes = client.receive_to_end();
        Pattern expected(number);
        expected.matches(bytes);
        wrong = expected.error();
        got = bytes.size();
    });
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    const std::size_t before = daemon.process().anonymous_kb();
    Pattern pattern(number);
    const std::string rest = write_until_stuck(client, pattern);
    EXPECT_LT(pattern.position(), 64u << 20) << "the writer was never stopped";
    const auto pause = full() ? Milliseconds(120s) : Milliseconds(1s);
    EXPECT_TRUE(throughout(pause, [&] { return client.quiet(); }));
    EXPECT_LT(daemon.process().anonymous_kb(), before + kGrowthKb);
    go_on = true;
    client.send(rest);
    client.finish_sending();
    EXPECT_EQ(client.end(), End::kFin);
    EXPECT_TRUE(eventually([&] { return peer.open() == 0; }));
    EXPECT_EQ(wrong, "");
    EXPECT_EQ(got, pattern.position());
}

TEST(SlowReader, DoesNotSlowTheOthers) {
    std::atomic<bool> floods{false};  // the next one alone
    std::atomic<int> flooded{0};
    Peer peer([&](Socket& client) {
        if (!floods.exchange(false)) return script::echo(client);
        ++flooded;
        const std::string block(1 << 16, 'x');
        for (;;)
            client.send(block);
    });
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    const auto time_of_pings = [&] {
        Socket client = Socket::connect(place);
        const auto start = Clock::now();
        for (int i = 0; i < 500; ++i) {
            client.send("ping");
            EXPECT_EQ(client.receive(4), "ping");
        }
        return since(start);
    };
    const Milliseconds alone = time_of_pings();
    floods = true;
    Socket stuck = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return flooded == 1; }));
    EXPECT_LT(time_of_pings(), 3s + 10 * alone);
}

TEST(SlowReader, ManyAtOnceKeepMemoryBounded) {
    Peer peer([](Socket& client) {
        const std::string block(1 << 16, 'x');
        for (;;)
            client.send(block);
    });
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    const std::size_t before = daemon.process().anonymous_kb();
    std::vector<Socket> clients;
    for (int i = 0; i < 40; ++i)
        clients.push_back(Socket::connect_slow_reader(place, 4096));
    std::uint64_t last = 0;
    auto moved = Clock::now();
    EXPECT_TRUE(eventually([&] {
        const std::uint64_t now = daemon.frontend()["backends"][0]["bytes_down"];
        if (now != last) moved = Clock::now();
        last = now;
        return now > 0 && since(moved) > 500ms;
    })) << "bytes go on flowing to readers that do not read";
    EXPECT_LT(daemon.process().anonymous_kb(), before + kGrowthKb);
}
