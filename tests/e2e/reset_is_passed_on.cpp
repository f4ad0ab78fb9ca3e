// A side that aborts is a reset for the other side, not a clean end: a client that reads "the end"
// takes half an answer for a whole one. What was sent before the reset arrives first.
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "support/daemon.hpp"
#include "support/pattern.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

// A reset drops bytes that the kernel has not sent yet or the other side has not acknowledged: that
// loss is the sender's own, so it waits.
void wait_until_acknowledged(const Socket& socket) {
    int left = 1;
    if (!eventually([&] { return ::ioctl(socket.fd(), SIOCOUTQ, &left) == 0 && left == 0; })) {
        throw std::runtime_error(std::to_string(left) + " bytes are never acknowledged");
    }
}

class Reset : public testing::Test {
  protected:
    Daemon daemon;
    const Place place = own_place();
};

}  // namespace

TEST_F(Reset, OfAnIdleServerIsPassedOn) {
    Peer peer(script::reset_after(5));
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.send("12345");
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_TRUE(daemon.logs("reset a connection in mid-stream"));
    EXPECT_EQ(daemon.lines("warning"), 1u) << daemon.log();
}

TEST_F(Reset, OfAnIdleClientIsPassedOn) {
    std::atomic<int> how{-1};
    Peer peer([&](Socket& client) {
        client.receive(5);
        how = static_cast<int>(client.end());
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.send("12345");
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["backends"][0]["bytes_up"] == 5; }));
    client.reset();
    EXPECT_TRUE(eventually([&] { return how == static_cast<int>(End::kReset); })) << how;
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
}

TEST_F(Reset, OfTheServerComesAfterItsBytes) {
    const std::uint64_t number = seed();
    Peer peer([&](Socket& client) {
        client.receive(1);
        client.send(Pattern(number).next(100'000));
        wait_until_acknowledged(client);
        client.reset();
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.send("x");
    std::string got;
    EXPECT_EQ(client.read_to_end(got), End::kReset);
    EXPECT_EQ(got.size(), 100'000u);
    Pattern expected(number);
    EXPECT_TRUE(expected.matches(got)) << expected.error();
}

TEST_F(Reset, OfTheClientComesAfterItsBytes) {
    const std::uint64_t number = seed();
    std::string got;
    std::atomic<bool> over{false};
    End how = End::kNone;
    Peer peer([&](Socket& client) {
        how = client.read_to_end(got);
        over = true;
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.send(Pattern(number).next(100'000));
    wait_until_acknowledged(client);
    client.reset();
    ASSERT_TRUE(eventually([&] { return over.load(); }));
    EXPECT_EQ(how, End::kReset);
    EXPECT_EQ(got.size(), 100'000u);
    Pattern expected(number);
    EXPECT_TRUE(expected.matches(got)) << expected.error();
}

TEST_F(Reset, ReachesASlowReaderWithWhatCameBefore) {
    const std::uint64_t number = seed();
    std::atomic<bool> gone{false};
    constexpr std::size_t kBytes = 200'000;
    Peer peer([&](Socket& client) {
        client.receive(1);
        client.send(Pattern(number).next(kBytes));
        wait_until_acknowledged(client);
        client.reset();
        gone = true;
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect_slow_reader(place, 8192);
    client.send("x");
    ASSERT_TRUE(eventually([&] { return gone.load(); }));
    std::string got;
    End how = End::kNone;
    try {
        for (;;) {
            const std::string more = client.receive_some(8192);
            if (more.empty()) {
                how = End::kFin;
                break;
            }
            got += more;
            std::this_thread::sleep_for(1ms);
        }
    } catch (const SocketError& error) {
        how = error.code == ECONNRESET ? End::kReset : End::kNone;
    }
    EXPECT_EQ(how, End::kReset);
    EXPECT_EQ(got.size(), kBytes);
    Pattern expected(number);
    EXPECT_TRUE(expected.matches(got)) << expected.error();
}

TEST_F(Reset, DoesNotWaitForAReaderThatNeverReads) {
    std::atomic<bool> gone{false};
    Peer peer([&](Socket& client) {
        client.receive(1);
        const std::string block(65536, 'x');
        const auto until = Clock::now() + 300ms;
        while (Clock::now() < until) {
            if (client.send_some(block) == 0) std::this_thread::sleep_for(1ms);
        }
        client.reset();
        gone = true;
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect_slow_reader(place, 8192);
    client.send("x");
    ASSERT_TRUE(eventually([&] { return gone.load(); }));
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    std::string got;
    EXPECT_EQ(client.read_to_end(got), End::kReset);
}

TEST_F(Reset, OfTheServerAfterTheClientsHalfCloseIsStillAReset) {
    Peer peer([](Socket& client) {
        client.receive_to_end();
        client.reset();
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.send("half");
    client.finish_sending();
    EXPECT_EQ(client.end(), End::kReset);
}

TEST_F(Reset, OfTheClientAfterTheServersHalfCloseIsStillAReset) {
    std::atomic<int> how{-1};
    Peer peer([&](Socket& client) {
        client.finish_sending();
        how = static_cast<int>(client.end());
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    EXPECT_EQ(client.end(), End::kFin);
    client.reset();
    EXPECT_TRUE(eventually([&] { return how == static_cast<int>(End::kReset); })) << how;
}

TEST_F(Reset, OfOneConnectionLeavesTheOthersAlone) {
    std::atomic<int> number{0};
    Peer peer([&](Socket& client) {
        if (++number == 1) return script::reset_after(1)(client);
        script::echo(client);
    });
    daemon.run({place.to_string(), peer.address()});
    Socket first = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return number == 1; }));
    Socket second = Socket::connect(place);
    second.send("a");
    EXPECT_EQ(second.receive(1), "a");
    first.send("x");
    EXPECT_EQ(first.end(), End::kReset);
    second.send("b");
    EXPECT_EQ(second.receive(1), "b");
}
