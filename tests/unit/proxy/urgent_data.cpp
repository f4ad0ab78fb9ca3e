// Urgent data through the proxy and directly: the same bytes arrive, with the same marks.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;
using namespace std::chrono_literals;

namespace {

// What one side sends, step by step: so many bytes, or one urgent byte for a 0.
using Steps = std::vector<std::size_t>;

struct MarkedStream {
    std::string bytes;
    std::vector<std::size_t> marks;  // places of urgent bytes
    bool ended = false;
    bool operator==(const MarkedStream&) const = default;
};

std::ostream& operator<<(std::ostream& out, const MarkedStream& received) {
    out << received.bytes.size() << " bytes, marks:";
    for (const std::size_t mark : received.marks)
        out << " " << mark;
    return out << (received.ended ? ", end" : ", no end");
}

class Urgent : public test::ProxyFixture, public testing::WithParamInterface<bool> {
  protected:
    Urgent() { urgent_in_line(backend); }
    static void urgent_in_line(const net::Descriptor& fd) {
        const int on = 1;
        ASSERT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on), 0);
    }
    // Sender and receiver: client and server, or the other way round.
    std::pair<net::Descriptor, net::Descriptor> in_order(Ends ends) {
        urgent_in_line(ends.client);
        if (GetParam()) return {std::move(ends.client), std::move(ends.server)};
        return {std::move(ends.server), std::move(ends.client)};
    }

    // Sends what fits, as much as it can at a time, and then the end.
    class Sender {
      public:
        Sender(const net::Descriptor& fd, Steps steps) : fd_(fd), steps_(std::move(steps)) {}
        void go_on() {
            while (at_ < steps_.size() && step()) {
            }
            if (at_ == steps_.size() && !std::exchange(ended_, true)) shutdown(fd_.get(), SHUT_WR);
        }

      private:
        bool step() {
            const bool urgent = steps_[at_] == 0;
            const std::string bytes(urgent ? 1 : steps_[at_] - sent_, urgent ? '!' : 'a');
            const int flags = MSG_DONTWAIT | MSG_NOSIGNAL | (urgent ? MSG_OOB : 0);
            const ssize_t sent = send(fd_.get(), bytes.data(), bytes.size(), flags);
            if (sent < 0) return false;
            sent_ += static_cast<std::size_t>(sent);
            if (static_cast<std::size_t>(sent) == bytes.size()) {
                ++at_;
                sent_ = 0;
            }
            return true;
        }
        const net::Descriptor& fd_;
        const Steps steps_;
        std::size_t at_ = 0;
        std::size_t sent_ = 0;
        bool ended_ = false;
    };

    // False when there is nothing to be read now.
    static bool receive(const net::Descriptor& fd, MarkedStream& received) {
        static char buffer[1 << 16];
        // A byte is there before sockatmark() is asked, so that no mark comes in between.
        const ssize_t there = recv(fd.get(), buffer, 1, MSG_PEEK | MSG_DONTWAIT);
        if (there == 0) received.ended = true;
        if (there <= 0) return false;
        if (sockatmark(fd.get()) == 1) received.marks.push_back(received.bytes.size());
        const ssize_t got = recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got > 0) received.bytes.append(buffer, static_cast<std::size_t>(got));
        return got > 0;
    }

    // With `at_once` all is sent before anything is read, as far as the sockets take it.
    MarkedStream transfer(Ends ends, const Steps& steps, bool at_once) {
        auto [from, to] = in_order(std::move(ends));
        Sender sender(from, steps);
        MarkedStream received;
        const auto limit = core::Clock::now() + kLongestWait;
        while (!received.ended && core::Clock::now() < limit) {
            sender.go_on();
            if (at_once)
                turn();
            else
                turn_once();
            while (receive(to, received)) {
            }
        }
        return received;
    }
    void expect_as_directly(const Steps& steps) {
        const MarkedStream directly = transfer(connect_directly(), steps, true);
        EXPECT_TRUE(directly.ended);
        EXPECT_EQ(transfer(connect(), steps, true), directly);
        EXPECT_EQ(transfer(connect(), steps, false), directly);
    }
};

INSTANTIATE_TEST_SUITE_P(, Urgent, testing::Bool(), [](const auto& by_client) {
    return by_client.param ? "OfTheClient" : "OfTheServer";
});

}  // namespace

TEST_P(Urgent, BytesAreUrgentOnTheOtherSideToo) {
    EXPECT_EQ(transfer(connect(), {3, 0, 3}, true), (MarkedStream{"aaa!aaa", {3}, true}));
    EXPECT_EQ(transfer(connect(), {0}, true), (MarkedStream{"!", {0}, true}));
}

TEST_P(Urgent, BytesMayBeFirstLastOrInBetween) {
    for (const std::size_t size : {1, 3000, 16 * 1024, 32 * 1024, 48 * 1024, 65'536, 3'000'000}) {
        SCOPED_TRACE(size);
        expect_as_directly({0, size});
        expect_as_directly({size, 0});
        expect_as_directly({size, 0, size});
    }
}

TEST_P(Urgent, BytesMayFollowEachOther) {
    expect_as_directly({0, 0});
    expect_as_directly({5, 0, 0, 5});
    expect_as_directly({20'000, 0, 3, 0, 0, 20'000});
}

TEST_P(Urgent, BytesOfBulkDoNotStopIt) {
    const Steps steps{2'000'000, 0, 2'000'000, 0, 1, 0, 2'000'000};
    const MarkedStream received = transfer(connect(), steps, false);
    EXPECT_EQ(received.bytes.size(), 6'000'004u);
    ASSERT_FALSE(received.marks.empty());
    EXPECT_EQ(received.marks.back(), 4'000'003u);
    EXPECT_TRUE(received.ended);
}

// A reader that does not want them in line finds them beside the stream.
TEST_P(Urgent, BytesLeaveTheStreamOfOneThatReadsThemBesideIt) {
    auto [from, to] = in_order(connect());
    const int off = 0;
    ASSERT_EQ(setsockopt(to.get(), SOL_SOCKET, SO_OOBINLINE, &off, sizeof off), 0);
    send_text(from, "before");
    ASSERT_EQ(send(from.get(), "!", 1, MSG_OOB), 1);
    send_text(from, "behind");
    turn();
    char byte = 0;
    EXPECT_TRUE(turn_until([&] { return recv(to.get(), &byte, 1, MSG_OOB | MSG_DONTWAIT) == 1; }));
    EXPECT_EQ(byte, '!');
    ASSERT_EQ(shutdown(from.get(), SHUT_WR), 0);
    EXPECT_EQ(read_to_end(to), "beforebehind, end");
}

// Whoever resets behind an urgent byte has still sent it.
TEST_P(Urgent, BytesBeforeAResetArriveBeforeIt) {
    auto [from, to] = in_order(connect());
    send_text(to, "more");
    send_text(from, "before");
    ASSERT_EQ(send(from.get(), "!", 1, MSG_OOB), 1);
    send_text(from, "behind");
    reset(from);
    EXPECT_EQ(read_to_end(to), "before!behind, reset");
}

// The proxy has read all of it and its sink takes nothing: it waits and does not spin.
TEST_P(Urgent, BytesWaitForASlowReader) {
    auto [from, to] = in_order(connect());
    Sender sender(from, {8'000'000, 0, 10});
    for (int i = 0; i < 100; ++i) {
        sender.go_on();
        turn_once();
    }
    const std::uint64_t before = poller.rounds();
    poller.run(core::Clock::now() + 50ms);
    EXPECT_LT(poller.rounds() - before, 40u);
    MarkedStream received;
    EXPECT_TRUE(turn_until([&] {
        sender.go_on();
        while (receive(to, received)) {
        }
        return received.ended;
    }));
    EXPECT_EQ(received.bytes.size(), 8'000'011u);
    EXPECT_EQ(received.marks, std::vector<std::size_t>{8'000'000});
}
