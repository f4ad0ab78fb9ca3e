// One side aborts while the other has just sent. The send that fails takes the error of the socket,
// and what a read then shows looks like the end of the stream: half an answer would be taken for a
// whole one. This holds as well when the proxy was stopped, or busy, and finds everything at once.
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>

#include "support/daemon.hpp"
#include "support/pattern.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// Hands the server's end of each connection to the test.
class AcceptedSockets {
  public:
    Script script() {
        return [this](Socket& socket) {
            const std::lock_guard lock(mutex_);
            taken_.push_back(std::move(socket));
            arrived_.notify_one();
        };
    }
    Socket take() {
        std::unique_lock lock(mutex_);
        if (!arrived_.wait_for(lock, kPatience, [&] { return !taken_.empty(); })) {
            throw SocketError("no connection arrived", ETIMEDOUT);
        }
        Socket first = std::move(taken_.front());
        taken_.pop_front();
        return first;
    }

  private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<Socket> taken_;
};

// Returns when it has stopped.
void pause(Daemon& daemon) {
    daemon.signal(SIGSTOP);
    const std::string file = "/proc/" + std::to_string(daemon.process().pid()) + "/stat";
    ASSERT_TRUE(eventually([&] {
        std::string line;
        std::ifstream stat(file);
        std::getline(stat, line);
        const auto name_end = line.rfind(") ");
        return name_end != std::string::npos && line[name_end + 2] == 'T';
    }));
}

class ResetWhileSending : public testing::TestWithParam<bool> {
  protected:
    ResetWhileSending() { daemon.run({place.to_string(), "observe=off", peer.address()}); }
    struct BothEnds {
        Socket aborting;
        Socket other;
    };
    // An established connection: while the proxy still dials, nothing of a client that resets is
    // handed on.
    BothEnds connect() {
        Socket client = Socket::connect(place);
        Socket server = accepted.take();
        client.send("hello");
        server.receive(5);
        if (GetParam()) return {std::move(client), std::move(server)};
        return {std::move(server), std::move(client)};
    }
    AcceptedSockets accepted;
    Peer peer{accepted.script()};
    const Place place = own_place();
    Daemon daemon;
};

INSTANTIATE_TEST_SUITE_P(, ResetWhileSending, testing::Bool(), [](const auto& by_client) {
    return by_client.param ? "ByTheClient" : "ByTheServer";
});

constexpr int kTimes = 200;

}  // namespace

TEST_P(ResetWhileSending, IsAReset) {
    for (int i = 0; i < kTimes; ++i) {
        BothEnds at = connect();
        at.aborting.send("part");
        ASSERT_EQ(at.other.receive(4), "part");
        at.other.send("more");
        at.aborting.reset();
        std::string got;
        ASSERT_EQ(at.other.read_to_end(got), End::kReset) << i;
        ASSERT_EQ(got, "");
    }
}

// There are fewer rounds here: the last bytes wait for their acknowledgement, which a kernel may
// delay by 40 ms.
TEST_P(ResetWhileSending, IsAResetAfterTheLastWords) {
    for (int i = 0; i < kTimes / 4; ++i) {
        BothEnds at = connect();
        at.other.send("more");
        at.aborting.send("last words");
        at.aborting.reset();
        std::string got;
        ASSERT_EQ(at.other.read_to_end(got), End::kReset) << i;
        ASSERT_EQ(got, "last words") << i;
    }
}

TEST_P(ResetWhileSending, IsAResetWhenTheProxyWasStopped) {
    for (int i = 0; i < kTimes; ++i) {
        BothEnds at = connect();
        at.aborting.send("part");
        ASSERT_EQ(at.other.receive(4), "part");
        pause(daemon);
        at.other.send("more");
        const std::string last_words = i % 8 == 7 ? "last words" : "";
        at.aborting.send(last_words);
        at.aborting.reset();
        daemon.signal(SIGCONT);
        std::string got;
        ASSERT_EQ(at.other.read_to_end(got), End::kReset) << i;
        ASSERT_EQ(got, last_words) << i;
    }
}

TEST_P(ResetWhileSending, IsAResetInBulk) {
    const std::uint64_t number = seed();
    const std::string block(1 << 16, 'x');
    for (int i = 0; i < 50; ++i) {
        BothEnds at = connect();
        Pattern pattern(number);
        at.aborting.send(pattern.next(100'000));
        // Until a megabyte has passed, and more is under way. Not beyond: a send that fails would
        // take the error of this end as well.
        for (std::size_t read = 0; read < std::size_t{1} << 20;) {
            at.other.send_some(block);
            if (!at.aborting.quiet()) read += at.aborting.receive_some().size();
        }
        at.other.send_some(block);
        at.aborting.reset();
        std::string got;
        ASSERT_EQ(at.other.read_to_end(got), End::kReset) << i;
        Pattern expected(number);
        ASSERT_TRUE(expected.matches(got)) << expected.error();
    }
}

// The reply was whole: that its sender will not read the rest of the question does not change it.
TEST_P(ResetWhileSending, AfterTheEndLeavesTheEnd) {
    for (int i = 0; i < kTimes; ++i) {
        BothEnds at = connect();
        pause(daemon);
        at.other.send("more");
        at.aborting.send("all of it");
        at.aborting.finish_sending();
        at.aborting.reset();
        daemon.signal(SIGCONT);
        std::string got;
        ASSERT_EQ(at.other.read_to_end(got), End::kFin) << i;
        ASSERT_EQ(got, "all of it");
    }
}

TEST(ResetAtOnce, ComesAfterTheGreeting) {
    Peer peer([](Socket& client) {
        client.send("too many connections");
        client.reset();
    });
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), "observe=off", peer.address()});
    for (int i = 0; i < kTimes; ++i) {
        pause(daemon);  // or the client's own connect may take the error of its socket
        Socket client = Socket::connect(place);
        if (i % 2 == 1) client.send("hello");
        daemon.signal(SIGCONT);
        std::string got;
        ASSERT_EQ(client.read_to_end(got), End::kReset) << i;
        ASSERT_EQ(got, "too many connections") << i;
    }
}
