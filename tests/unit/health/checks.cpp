// The scheduler against scripted peers on the loopback interface.
#include "amba/health/checks.hpp"

#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/resource.h>

#include <boost/asio/executor_work_guard.hpp>
#include <cstdio>
#include <deque>
#include <fstream>
#include <functional>

#include "support/backends.hpp"
#include "support/peer.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace std::chrono_literals;
using balance::Backend;
using balance::BackendPtr;
using balance::State;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace {

core::Endpoint endpoint(const test::Place& place) {
    return {*core::Address::parse(place.host), place.port};
}

BackendPtr backend(const test::Place& place) {
    return new Backend(endpoint(place));
}

core::Bind bind(std::uint16_t port) {
    return {true, {{}, port}};
}

std::shared_ptr<const core::Check> check(core::Duration inter,
                                         const std::function<void(core::Check&)>& with = {}) {
    core::Check out;
    out.inter = out.fastinter = inter;
    if (with) with(out);
    return std::make_shared<const core::Check>(out);
}

std::shared_ptr<const core::Check> redis(core::Duration inter, core::Duration timeout = 10s) {
    return check(inter, [=](core::Check& out) {
        out.type = core::CheckType::kRedis;
        out.timeout = timeout;
    });
}

test::Script pong() {
    return [](test::Socket& client) {
        client.receive(6);
        client.send("+PONG\r\n");
        client.receive_to_end();
    };
}

class ChecksTest : public testing::Test {
  protected:
    // Runs until `condition` holds; false when it does not in time.
    bool run_until(const std::function<bool()>& condition,
                   test::Milliseconds at_most = test::kPatience) {
        const auto end = core::Clock::now() + at_most;
        while (!condition()) {
            if (core::Clock::now() >= end) return false;
            poller.run(core::Clock::now() + 2ms);
            loop.restart();
        }
        return true;
    }
    void run_for(test::Milliseconds time) {
        run_until([] { return false; }, time);
    }
    bool told(std::size_t count) {
        return run_until([&] { return changes.size() >= count; });
    }
    health::Report report(const BackendPtr& of, const std::shared_ptr<const core::Check>& by) {
        return checks->report(of->endpoint, *by).value_or(health::Report{});
    }

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    net::Poller poller{loop};
    net::Deadlines deadlines{loop};
    std::vector<std::string> changes;  // "PORT up", "PORT down: REASON", by the owner's port
    std::function<void()> on_change;
    std::unique_ptr<health::Checks> checks = std::make_unique<health::Checks>(
        poller, deadlines, 1,
        [this](const core::Bind& owner, Backend& backend, bool healthy, const std::string& why) {
            test::mark(backend, healthy);
            changes.push_back(std::to_string(owner.endpoint.port) +
                              (healthy ? " up" : " down: " + why));
            if (on_change) on_change();
        });
};

}  // namespace

TEST_F(ChecksTest, ABackendThatRefusesIsUnhealthyAfterFallAndBackAfterRise) {
    const test::Place place = test::own_place();
    const BackendPtr one = backend(place);
    const auto by = check(20ms, [](core::Check& out) { out.downinter = 10ms; });
    checks->watch(bind(80), {{one, by}});
    ASSERT_TRUE(told(1));
    EXPECT_THAT(changes, ElementsAre("80 down: Connection refused"));
    EXPECT_GE(report(one, by).in_a_row, 3);
    EXPECT_EQ(report(one, by).reason, "Connection refused");
    EXPECT_EQ(report(one, by).state, State::kUnhealthy);
    const test::Peer peer(test::script::swallow, place);
    ASSERT_TRUE(told(2));
    EXPECT_EQ(changes[1], "80 up");
    EXPECT_EQ(report(one, by).in_a_row, 2);
    EXPECT_EQ(report(one, by).reason, "");
    EXPECT_GT(report(one, by).since, core::Clock::now() - 10s);
}

TEST_F(ChecksTest, TheFirstSuccessIsTold) {
    const test::Peer peer(test::script::swallow);
    const BackendPtr one = backend(peer.place());
    checks->watch(bind(80), {{one, check(20ms)}});
    ASSERT_TRUE(told(1));
    EXPECT_THAT(changes, ElementsAre("80 up"));
}

TEST_F(ChecksTest, ANewBackendIsNotAskedAtOnceUnlessHurried) {
    const test::Peer peer(pong());
    const BackendPtr one = backend(peer.place());
    const auto by = check(1000s, [](core::Check& out) {
        out.type = core::CheckType::kRedis;
        out.fastinter = 20ms;
    });
    checks->watch(bind(80), {{one, by}});
    run_for(100ms);
    EXPECT_EQ(peer.accepted(), 0u);
    checks->hurry(one->endpoint);
    test::connection_to(*one, core::Clock::now() + 1h);  // does not speak for it now
    ASSERT_TRUE(told(1));
    EXPECT_TRUE(run_until([&] { return peer.accepted() == 1; }));
    run_for(100ms);
    EXPECT_EQ(peer.accepted(), 1u) << "hurried once";
}

TEST_F(ChecksTest, ATcpCheckIsLeftOutWhereConnectionsSpeakForTheBackend) {
    const test::RefusingPeer refusing;  // a check would fail
    const test::Peer asked(pong());
    const BackendPtr by_tcp = backend(refusing.place());
    const BackendPtr by_redis = backend(asked.place());
    const auto tcp = check(20ms);
    // After each look there will have been a connection.
    test::connection_to(*by_tcp, core::Clock::now() + 1h);
    test::connection_to(*by_redis, core::Clock::now() + 1h);
    checks->watch(bind(80), {{by_tcp, tcp}, {by_redis, redis(20ms)}});
    EXPECT_TRUE(
        run_until([&] { return asked.accepted() >= 5 && report(by_tcp, tcp).in_a_row >= 3; }));
    EXPECT_EQ(report(by_tcp, tcp).state, State::kHealthy);
    EXPECT_GE(report(by_tcp, tcp).in_a_row, 3);
}

TEST_F(ChecksTest, AnUnhealthyBackendIsAskedWhateverConnectionsSay) {
    const test::RefusingPeer peer;
    const BackendPtr one = backend(peer.place());
    const auto by = check(20ms);
    checks->watch(bind(80), {{one, by}});
    ASSERT_TRUE(told(1));
    test::connection_to(*one, core::Clock::now() + 1h);
    EXPECT_TRUE(run_until([&] { return report(one, by).in_a_row >= 8; }));
    EXPECT_THAT(changes, SizeIs(1));
}

TEST_F(ChecksTest, AHealthyBackendThatNobodyUsesIsAskedATenthAsOften) {
    const test::Peer unused(pong());
    const test::Peer used(pong());
    const BackendPtr idle = backend(unused.place());
    const BackendPtr busy = backend(used.place());
    const auto connection = test::connection_to(*busy, core::Time());
    const auto start = core::Clock::now();
    checks->watch(bind(80), {{idle, redis(30ms)}, {busy, redis(30ms)}});
    ASSERT_TRUE(told(2));
    ASSERT_TRUE(run_until([&] { return used.accepted() >= 30; }));
    ASSERT_TRUE(run_until([&] { return unused.accepted() >= 2; })) << "it is still asked";
    // Every 300 ms, a part of that earlier at times; where the loop has pauses the other has less.
    EXPECT_LE(unused.accepted(), 3 + (core::Clock::now() - start) / 200ms);
}

TEST_F(ChecksTest, OneCheckServesAllThatWantIt) {
    const test::Place place = test::own_place();
    const BackendPtr one = backend(place);
    const BackendPtr other = backend(place);
    checks->watch(bind(80), {{one, check(20ms)}});
    checks->watch(bind(81), {{other, check(20ms)}});
    EXPECT_EQ(checks->watched(), 1u);
    ASSERT_TRUE(told(2));
    EXPECT_THAT(changes, testing::UnorderedElementsAre("80 down: Connection refused",
                                                       "81 down: Connection refused"));
    checks->forget(bind(80));
    EXPECT_EQ(checks->watched(), 1u);
    const test::Peer peer(test::script::swallow, place);
    ASSERT_TRUE(told(3));
    EXPECT_EQ(changes[2], "81 up");
    checks->watch(bind(82), {{backend(place), check(30ms)}});
    EXPECT_EQ(checks->watched(), 2u) << "another interval is another check";
}

TEST_F(ChecksTest, WhoJoinsLaterIsToldWhatIsKnown) {
    const test::RefusingPeer peer;
    checks->watch(bind(80), {{backend(peer.place()), check(20ms)}});
    ASSERT_TRUE(told(1));
    checks->watch(bind(81), {{backend(peer.place()), check(20ms)}});
    EXPECT_THAT(changes, SizeIs(2));
    EXPECT_EQ(changes.back(), "81 down: Connection refused");
}

TEST_F(ChecksTest, WhatStaysKeepsItsProgress) {
    const test::RefusingPeer peer;
    const BackendPtr one = backend(peer.place());
    const auto by = check(20ms, [](core::Check& out) { out.fall = 100; });
    checks->watch(bind(80), {{one, by}});
    ASSERT_TRUE(run_until([&] { return report(one, by).in_a_row == 5; }));
    // Checks are the same when their settings are, whatever object holds them.
    checks->watch(bind(80), {{backend(test::own_place()), by},
                             {one, std::make_shared<const core::Check>(*by)}});
    EXPECT_EQ(report(one, by).in_a_row, 5);
    EXPECT_EQ(checks->watched(), 2u);
    checks->watch(bind(80), {{one, by}});
    EXPECT_EQ(report(one, by).in_a_row, 5);
    EXPECT_EQ(checks->watched(), 1u);
}

TEST_F(ChecksTest, OneThatIsUnhealthyBeforeItsFirstCheckHasToRise) {
    const test::Peer peer(test::script::swallow);
    const BackendPtr one = backend(peer.place());
    test::mark(*one, false);
    const auto by = check(20ms, [](core::Check& out) { out.rise = 4; });
    checks->watch(bind(80), {{one, by}});
    ASSERT_TRUE(told(1));
    EXPECT_EQ(report(one, by).in_a_row, 4);
}

TEST_F(ChecksTest, OffIsNotWatchedAndForgottenIsNotAsked) {
    const test::Peer peer(test::script::swallow);
    const auto off = check(10ms, [](core::Check& out) { out.type = core::CheckType::kOff; });
    checks->watch(bind(80), {{backend(peer.place()), off}});
    EXPECT_EQ(checks->watched(), 0u);
    checks->watch(bind(80), {{backend(peer.place()), redis(10ms)}});
    ASSERT_TRUE(run_until([&] { return checks->under_way() == 1; }));
    checks->forget(bind(80));
    EXPECT_EQ(checks->watched(), 0u);
    EXPECT_EQ(checks->under_way(), 0u);
    EXPECT_FALSE(checks->report(endpoint(peer.place()), *redis(10ms)));
    const std::size_t accepted = peer.accepted();
    run_for(100ms);
    EXPECT_LE(peer.accepted(), accepted + 1);  // what was in the peer's queue
    EXPECT_THAT(changes, IsEmpty());
    checks->forget(bind(99));
}

TEST_F(ChecksTest, WhoIsToldMayChangeWhatIsWatched) {
    const test::RefusingPeer peer;
    const BackendPtr one = backend(peer.place());
    on_change = [&] {
        checks->hurry(one->endpoint);
        checks->watch(bind(81), {{one, check(30ms)}});
        checks->forget(bind(80));
        // Not before all are told: it would take the list away that is being walked.
        EXPECT_FALSE(checks->report(one->endpoint, *check(30ms)));
        on_change = {};
    };
    checks->watch(bind(80), {{one, check(20ms)}});
    ASSERT_TRUE(told(1));
    EXPECT_EQ(checks->watched(), 1u);
    EXPECT_TRUE(checks->report(one->endpoint, *check(30ms)));
    run_for(100ms);
    EXPECT_THAT(changes, SizeIs(1)) << "it was known to be unhealthy";
}

TEST_F(ChecksTest, NoAnswerInTimeFails) {
    const test::SilentPeer silent;
    const test::Peer holding(test::script::hold);
    const auto quick = [](core::Check& out) {
        out.timeout = 50ms;
    };
    checks->watch(bind(80), {{backend(silent.place()), check(20ms, quick)}});
    checks->watch(bind(81), {{backend(holding.place()), redis(20ms, 50ms)}});
    ASSERT_TRUE(told(2));
    EXPECT_THAT(changes, testing::UnorderedElementsAre("80 down: no connection in 50ms",
                                                       "81 down: no answer in 50ms"));
}

TEST_F(ChecksTest, AnswersThatAreNoAnswersFail) {
    const test::Peer closing([](test::Socket& client) { client.receive(6); });
    const test::Peer resetting(test::script::reset_after(1));
    const test::Peer talking([](test::Socket& client) {
        for (int i = 0; i < 100'000; ++i)
            client.send(std::string("S\0\0\0\xff", 5) + std::string(251, 'x'));
    });
    const auto postgres = check(20ms, [](core::Check& out) {
        out.type = core::CheckType::kPostgres;
        out.user = "amba";
        out.timeout = 10s;
    });
    checks->watch(bind(80), {{backend(closing.place()), redis(20ms)}});
    checks->watch(bind(81), {{backend(resetting.place()), redis(20ms)}});
    checks->watch(bind(82), {{backend(talking.place()), postgres}});
    ASSERT_TRUE(told(3));
    EXPECT_THAT(changes,
                testing::UnorderedElementsAre(
                    "80 down: closed the connection before its answer was complete",
                    "81 down: Connection reset by peer", "82 down: an answer of more than 16 KiB"));
}

// In so many checks this process is not given the CPU for 200 ms now and then: the ACK goes then,
// and the server sees FIN.
TEST_F(ChecksTest, TheServerDoesNotSeeATcpCheckAndSeesAProtocolEndWithFin) {
    std::atomic<int> resets{0};
    std::atomic<int> fins{0};
    const auto count_end = [&](test::Socket& client) {
        std::string bytes;
        ++(client.read_to_end(bytes) == test::End::kReset ? resets : fins);
    };
    const test::Peer plain(count_end);
    const test::Peer asked([&](test::Socket& client) {
        client.receive(6);
        client.send("+PONG\r\n");
        count_end(client);
    });
    const BackendPtr one = backend(plain.place());
    const auto connection = test::connection_to(*one, core::Time());
    const auto by = check(10ms);
    checks->watch(bind(80), {{one, by}});
    ASSERT_TRUE(run_until([&] { return report(one, by).in_a_row >= 50; }));
    EXPECT_LT(fins, 25);
    EXPECT_EQ(resets, 0);
    fins = 0;
    checks->watch(bind(80), {{backend(asked.place()), redis(20ms)}});
    ASSERT_TRUE(run_until([&] { return fins > 0; }));
    EXPECT_EQ(resets, 0);
}

TEST_F(ChecksTest, ABackendThatThisHostForbidsStaysAsItIs) {
    // To a multicast address no route leads (ENETUNREACH at once).
    const BackendPtr away = backend({"224.0.0.1", 80});
    const test::RefusingPeer refusing;
    const auto by = check(10ms);
    checks->watch(bind(80), {{away, by}, {backend(refusing.place()), by}});
    ASSERT_TRUE(told(1));
    run_for(100ms);
    EXPECT_THAT(changes, ElementsAre("80 down: Connection refused"));
    EXPECT_EQ(report(away, by).in_a_row, 0);
}

TEST_F(ChecksTest, AtMost64AreUnderWay) {
    const test::Peer peer(test::script::hold);
    const BackendPtr one = backend(peer.place());
    std::vector<health::CheckedBackend> all;
    for (int i = 0; i < 200; ++i)
        all.push_back({one, redis(10ms, 200ms + core::Duration(i))});
    checks->watch(bind(80), std::move(all));
    std::size_t most = 0;
    // Each has its turn: all of them fail in the end.
    EXPECT_TRUE(run_until([&] {
        most = std::max(most, checks->under_way());
        return changes.size() == 200;
    }));
    EXPECT_EQ(most, health::Checks::kMostUnderWay);
    checks->watch(bind(80), {});
    EXPECT_TRUE(run_until([&] { return checks->watched() == 0; }));
    EXPECT_EQ(checks->under_way(), 0u);
}

// UBSan needs descriptors itself to look at a type.
#ifndef AMBA_SANITIZED
TEST_F(ChecksTest, OutOfDescriptorsSaysNothingAboutTheBackend) {
    const test::Peer peer(test::script::swallow);
    const BackendPtr one = backend(peer.place());
    const auto by = check(10ms, [](core::Check& out) { out.fall = 1; });
    run_for(10ms);  // the timer has what it needs
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    checks->watch(bind(80), {{one, by}});
    run_for(200ms);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_THAT(changes, IsEmpty());
    EXPECT_EQ(report(one, by).in_a_row, 0);
    ASSERT_TRUE(told(1));
    EXPECT_THAT(changes, ElementsAre("80 up"));
}
#endif

// Neither a file that cannot be read nor a password that is refused says anything about the server.
TEST_F(ChecksTest, APasswordFileThatCannotBeReadLeavesABackendAsItIs) {
    const test::TempDir directory;
    const std::string path = directory.path() + "/password";
    const test::Peer peer([](test::Socket& client) {
        client.receive(std::string("*2\r\n$4\r\nAUTH\r\n$3\r\nkey\r\nPING\r\n").size());
        client.send("+OK\r\n+PONG\r\n");
        client.receive_to_end();
    });
    const BackendPtr one = backend(peer.place());
    const auto by = check(10ms, [&](core::Check& out) {
        out.type = core::CheckType::kRedis;
        out.timeout = 10s;
        out.password_file = path;
    });
    std::deque<std::function<void()>> jobs;  // as if beside the loop
    checks = std::make_unique<health::Checks>(
        poller, deadlines, 1,
        [this](const core::Bind&, Backend&, bool healthy, const std::string& why) {
            changes.push_back(healthy ? "up" : "down: " + why);
        },
        [&](std::function<void()> job, std::function<void()> done) {
            jobs.push_back([job = std::move(job), done = std::move(done)] { job(), done(); });
        });
    const auto work_off = [&] {
        for (; !jobs.empty(); jobs.pop_front())
            jobs.front()();
    };
    checks->watch(bind(80), {{one, by}});
    ASSERT_TRUE(run_until([&] { return !jobs.empty(); }));
    EXPECT_EQ(checks->under_way(), 0u);
    work_off();
    run_for(100ms);
    EXPECT_EQ(report(one, by).in_a_row, 0);
    std::ofstream(path) << "key\n";
    EXPECT_TRUE(run_until([&] {
        work_off();
        return !changes.empty();
    }));
    EXPECT_THAT(changes, ElementsAre("up"));
    jobs.clear();
}

TEST_F(ChecksTest, MayEndWhileChecksAreUnderWay) {
    const test::Peer peer(test::script::swallow);
    const test::RefusingPeer refusing;
    checks->watch(bind(80),
                  {{backend(peer.place()), redis(10ms)}, {backend(refusing.place()), redis(10ms)}});
    ASSERT_TRUE(run_until([&] { return checks->under_way() > 0; }));
    checks.reset();
    run_for(50ms);
    EXPECT_TRUE(run_until([&] { return peer.open() == 0; })) << "its connections are closed";
}

TEST_F(ChecksTest, AHundredThousandBackendsAreAPlaceInTheSchedule) {
    constexpr std::size_t kMany = 100'000;
    std::vector<health::CheckedBackend> all;
    const auto by = check(1000s);
    for (std::uint32_t i = 0; i < kMany; ++i) {
        const auto address =
            core::Address::v4({10, static_cast<std::uint8_t>(i >> 16),
                               static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)});
        all.push_back({new Backend({address, 6379}), by});
    }
    const auto again = all;
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const auto start = core::Clock::now();
    const std::uint64_t round = poller.rounds();
    checks->watch(bind(80), std::move(all));
    const core::Duration stalled =
        std::chrono::duration_cast<core::Duration>(core::Clock::now() - start);
    ASSERT_TRUE(run_until([&] { return checks->watched() == kMany; }));
    run_for(10ms);
    EXPECT_GT(poller.rounds(), round + 10) << "in slices";
#ifndef AMBA_SANITIZED
    const std::size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
    EXPECT_LT((after - before) / kMany, 300u);
#endif
    std::printf("watch() held the loop for %d ms; %d bytes each\n",
                static_cast<int>(stalled.count()),
                static_cast<int>((mallinfo2().uordblks + mallinfo2().hblkhd - before) / kMany));
    checks->watch(bind(80), again);  // nothing comes, nothing goes
    checks->forget(bind(80));
    ASSERT_TRUE(run_until([&] { return checks->watched() == 0; }));
}
