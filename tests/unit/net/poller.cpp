#include "amba/net/poller.hpp"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "amba/net/descriptor.hpp"

using namespace amba;
using namespace std::chrono_literals;

namespace {

struct Ends {
    Ends() {
        int fds[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        near.reset(fds[0]);
        far.reset(fds[1]);
    }
    net::Descriptor near;
    net::Descriptor far;
};

struct RecordingPollable final : net::Pollable {
    RecordingPollable(net::Poller& poller_in, int* deaths_in) :
        poller(poller_in), deaths(deaths_in) {}
    ~RecordingPollable() override { ++*deaths; }
    void on_ready(unsigned slot, std::uint32_t events) override {
        if (events & EPOLLIN) ++readable[slot];
        if (victim == nullptr) return;
        poller.bury(*std::exchange(victim, nullptr));
        *survivor = this;
    }
    void on_again() override {
        if (++agains < wanted) poller.again(*this);
    }
    net::Poller& poller;
    int* deaths;
    int readable[8] = {};
    int agains = 0;
    int wanted = 0;
    RecordingPollable* victim = nullptr;
    RecordingPollable** survivor = nullptr;
};

class PollerTest : public testing::Test {
  protected:
    void run() {
        poller.run(core::Clock::now() + 100ms);
        loop.restart();
    }
    // Runs until `condition` holds, however long the machine lets its timers wait.
    template <class Condition>
    void run_until(Condition condition) {
        const auto limit = core::Clock::now() + 60s;
        do
            run();
        while (!condition() && core::Clock::now() < limit);
    }
    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    int deaths = 0;
    net::Poller poller{loop};
};

}  // namespace

TEST_F(PollerTest, TellsWhichDescriptorIsReady) {
    Ends a, b;
    auto* probe = new RecordingPollable(poller, &deaths);
    ASSERT_TRUE(poller.add(a.near.get(), *probe, 0, EPOLLIN));
    ASSERT_TRUE(poller.add(b.near.get(), *probe, 5, EPOLLIN));
    ASSERT_EQ(write(b.far.get(), "x", 1), 1);
    run();
    EXPECT_EQ(probe->readable[0], 0);
    EXPECT_EQ(probe->readable[5], 1);
    run();
    EXPECT_EQ(probe->readable[5], 1) << "edge-triggered: told once";
    poller.bury(*probe);
    run();
    EXPECT_EQ(deaths, 1);
}

TEST_F(PollerTest, TheBuriedGetNoFurtherCall) {
    Ends a, b;
    auto* first = new RecordingPollable(poller, &deaths);
    auto* second = new RecordingPollable(poller, &deaths);
    // The one that is called first buries the other, whose event is in the same batch.
    RecordingPollable* survivor = nullptr;
    first->victim = second;
    second->victim = first;
    first->survivor = second->survivor = &survivor;
    ASSERT_TRUE(poller.add(a.near.get(), *first, 0, EPOLLIN));
    ASSERT_TRUE(poller.add(b.near.get(), *second, 0, EPOLLIN));
    ASSERT_EQ(write(a.far.get(), "x", 1), 1);
    ASSERT_EQ(write(b.far.get(), "x", 1), 1);
    run();
    EXPECT_EQ(deaths, 1);
    ASSERT_NE(survivor, nullptr);
    poller.bury(*survivor);
    run();
    EXPECT_EQ(deaths, 2);
}

// The first event of a batch closes the descriptors of the others and registers new ones in their
// place: events that were fetched for the old ones must not be told of the new.
TEST_F(PollerTest, WhatWasFetchedForAClosedDescriptorIsNotTold) {
    struct Changer final : net::Pollable {
        explicit Changer(net::Poller& poller_in) : poller(poller_in) {}
        void on_ready(unsigned slot, std::uint32_t) override {
            ++told[slot];
            const unsigned other = 1 - slot;
            if (!next[other]) return;
            now[other] = std::move(next[other]);  // closes the one before
            poller.forget(*this, other);
            ASSERT_TRUE(poller.add(now[other].get(), *this, other, EPOLLIN));
        }
        net::Poller& poller;
        net::Descriptor now[2];
        net::Descriptor next[2];
        int told[2] = {};
    };
    Ends a, b, c, d;
    auto* changer = new Changer(poller);
    changer->now[0] = std::move(a.near);
    changer->now[1] = std::move(b.near);
    changer->next[0] = std::move(c.near);
    changer->next[1] = std::move(d.near);
    ASSERT_TRUE(poller.add(changer->now[0].get(), *changer, 0, EPOLLIN));
    ASSERT_TRUE(poller.add(changer->now[1].get(), *changer, 1, EPOLLIN));
    ASSERT_EQ(write(a.far.get(), "x", 1), 1);
    ASSERT_EQ(write(b.far.get(), "x", 1), 1);
    run();
    EXPECT_EQ(changer->told[0] + changer->told[1], 1);
    poller.bury(*changer);
    run();
}

TEST_F(PollerTest, BuryingTwiceDeletesOnce) {
    auto* probe = new RecordingPollable(poller, &deaths);
    poller.bury(*probe);
    poller.bury(*probe);
    run();
    EXPECT_EQ(deaths, 1);
}

TEST_F(PollerTest, AgainComesBackUntilItIsEnough) {
    auto* probe = new RecordingPollable(poller, &deaths);
    probe->wanted = 100;  // more than the rounds of one turn
    poller.again(*probe);
    run();
    EXPECT_EQ(probe->agains, 100);
    poller.bury(*probe);
    run();
}

TEST_F(PollerTest, TheBuriedAreNotCalledForTheRoundThatTheyAskedFor) {
    auto* probe = new RecordingPollable(poller, &deaths);
    // From the loop, after the calls of this round and before the dead are deleted.
    boost::asio::steady_timer timer(loop, 10ms);
    timer.async_wait([&](boost::system::error_code) {
        poller.again(*probe);
        poller.bury(*probe);
    });
    run_until([&] { return deaths > 0; });
    EXPECT_EQ(deaths, 1);
    auto* next = new RecordingPollable(poller, &deaths);
    next->wanted = 1;
    poller.again(*next);
    run();
    EXPECT_EQ(next->agains, 1);
    poller.bury(*next);
    run();
}

TEST_F(PollerTest, RunsTheLoopBesideItself) {
    int posted = 0;
    int fired = 0;
    boost::asio::steady_timer timer(loop, 20ms);
    boost::asio::post(loop, [&] { ++posted; });
    timer.async_wait([&](boost::system::error_code error) { fired += error ? 0 : 1; });
    Ends ends;
    auto* probe = new RecordingPollable(poller, &deaths);
    ASSERT_TRUE(poller.add(ends.near.get(), *probe, 0, EPOLLIN));
    ASSERT_EQ(write(ends.far.get(), "x", 1), 1);
    run_until([&] { return fired > 0; });
    EXPECT_EQ(posted, 1);
    EXPECT_EQ(fired, 1);
    EXPECT_EQ(probe->readable[0], 1);
    poller.bury(*probe);
    run();
}

TEST_F(PollerTest, ATimerThatIsSetByADescriptorFires) {
    // While the thread waits here, Asio has to be woken by its own timer.
    struct Setter final : net::Pollable {
        explicit Setter(boost::asio::io_context& loop) : timer(loop) {}
        void on_ready(unsigned, std::uint32_t) override {
            timer.expires_after(10ms);
            timer.async_wait([this](boost::system::error_code error) { fired += error ? 0 : 1; });
        }
        boost::asio::steady_timer timer;
        int fired = 0;
    };
    Ends ends;
    auto* setter = new Setter(loop);
    ASSERT_TRUE(poller.add(ends.near.get(), *setter, 0, EPOLLIN));
    ASSERT_EQ(write(ends.far.get(), "x", 1), 1);
    run_until([&] { return setter->fired > 0; });
    EXPECT_EQ(setter->fired, 1);
    ASSERT_EQ(write(ends.far.get(), "x", 1), 1);
    run_until([&] { return setter->fired > 1; });
    EXPECT_EQ(setter->fired, 2);
    poller.bury(*setter);
    run();
}

TEST_F(PollerTest, EndsWhenTheLoopIsStopped) {
    boost::asio::steady_timer timer(loop, 20ms);
    timer.async_wait([&](boost::system::error_code) { loop.stop(); });
    const auto start = core::Clock::now();
    poller.run(start + 60s);
    EXPECT_LT(core::Clock::now() - start, 30s);
}
