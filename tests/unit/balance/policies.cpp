// Each policy by itself, and what all have in common: health, caps, backups, slow starts.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "amba/balance/pool_health.hpp"

using namespace amba;
using balance::Algorithm;
using balance::Backend;
using balance::Choice;
using balance::Member;
using balance::Pool;

namespace {

constexpr Algorithm kAll[] = {Algorithm::kRoundRobin, Algorithm::kLeastConn, Algorithm::kRandom,
                              Algorithm::kSource, Algorithm::kFirst};

Member member(int n, int weight = 1) {
    const core::Endpoint at{*core::Address::parse("10.0.0.1"),
                            static_cast<std::uint16_t>(1000 + n)};
    Member out;
    out.backend = new Backend(at);
    out.weight = weight;
    return out;
}

std::vector<Member> members(const std::vector<int>& weights) {
    std::vector<Member> out;
    for (std::size_t i = 0; i < weights.size(); ++i)
        out.push_back(member(static_cast<int>(i), weights[i]));
    return out;
}

int number(const Backend* backend) {
    return backend == nullptr ? -1 : backend->endpoint.port - 1000;
}

// A pool with connections that begin and end.
class LoadedPool final : public balance::LoadObserver {
  public:
    explicit LoadedPool(std::vector<Member> of, Algorithm algorithm, std::uint64_t seed = 0) :
        all(std::move(of)), pool_ptr(std::make_shared<Pool>(all, algorithm, seed)), pool(*pool_ptr),
        health(pool_ptr, {}, 0) {}

    int open(std::uint64_t client = 0) {
        const Choice choice = pool.pick({{}, client});
        full = choice.full;
        if (choice.backend == nullptr) return -1;
        leases.emplace(number(choice.backend), balance::Lease(*choice.backend, *this));
        return number(choice.backend);
    }
    void close(int n) { leases.erase(leases.find(n)); }
    void set_down(int n, bool down) { health.checked(at(n), now, !down, ""); }
    void lease_began(Backend& backend) override { pool.note(backend); }
    void lease_ended(Backend& backend) override { pool.note(backend); }
    Backend& at(int n) { return *all[static_cast<std::size_t>(n)].backend; }

    core::Time now = core::Clock::now();
    std::vector<Member> all;
    std::shared_ptr<Pool> pool_ptr;
    Pool& pool;
    balance::PoolHealth health;
    std::multimap<int, balance::Lease> leases;
    bool full = false;
};

class EveryPolicy : public testing::TestWithParam<Algorithm> {};

INSTANTIATE_TEST_SUITE_P(Balance, EveryPolicy, testing::ValuesIn(kAll));

TEST_P(EveryPolicy, LeavesOutWhoIsDownAndTakesItBack) {
    LoadedPool live(members({1, 1, 1}), GetParam());
    live.set_down(0, true);
    for (std::uint64_t i = 0; i < 50; ++i)
        ASSERT_NE(live.open(i), 0);
    live.set_down(0, false);
    std::set<int> seen;
    for (std::uint64_t i = 0; i < 200; ++i)
        seen.insert(live.open(i));
    EXPECT_TRUE(seen.contains(0));
}

TEST_P(EveryPolicy, TriesAllWhenAllAreDown) {
    LoadedPool live(members({1, 1, 0}), GetParam());
    live.set_down(0, true);
    live.set_down(1, true);
    std::set<int> seen;
    for (std::uint64_t i = 0; i < 50; ++i)
        seen.insert(live.open(i));
    EXPECT_EQ(seen, (std::set<int>{0, 1}));  // nobody with a weight of 0
    live.set_down(1, false);
    for (std::uint64_t i = 0; i < 20; ++i)
        ASSERT_EQ(live.open(i), 1);
}

TEST_P(EveryPolicy, TakesBackupsOnlyWhenNoPrimaryIsOpen) {
    std::vector<Member> all = members({1, 1});
    all[1].backup = true;
    LoadedPool live(all, GetParam());
    for (std::uint64_t i = 0; i < 20; ++i)
        ASSERT_EQ(live.open(i), 0);
    live.set_down(0, true);
    for (std::uint64_t i = 0; i < 20; ++i)
        ASSERT_EQ(live.open(i), 1);
}

TEST_P(EveryPolicy, KeepsTheCapOfABackend) {
    std::vector<Member> all = members({1, 1});
    all[0].maxconn = 2;
    all[1].maxconn = 3;
    LoadedPool live(all, GetParam());
    std::map<int, int> served;
    for (std::uint64_t i = 0; i < 5; ++i)
        ++served[live.open(i)];
    EXPECT_EQ(served, (std::map<int, int>{{0, 2}, {1, 3}}));
    EXPECT_EQ(live.open(), -1);
    EXPECT_TRUE(live.full);
    live.close(1);
    EXPECT_EQ(live.open(), 1);
    EXPECT_EQ(live.open(), -1);
}

// A full primary is waited for: its backup is for when it is down.
TEST_P(EveryPolicy, DoesNotGiveWhatIsFullToABackup) {
    std::vector<Member> all = members({1, 1});
    all[0].maxconn = 1;
    all[1].backup = true;
    LoadedPool live(all, GetParam());
    EXPECT_EQ(live.open(), 0);
    EXPECT_EQ(live.open(), -1);
    EXPECT_TRUE(live.full);
}

TEST_P(EveryPolicy, TriesEachBackendOnce) {
    LoadedPool live(members({3, 1, 2}), GetParam());
    for (int round = 0; round < 20; ++round) {
        std::vector<Backend*> tried;
        std::set<int> seen;
        while (Backend* next = live.pool.pick({tried, 7}).backend) {
            EXPECT_TRUE(seen.insert(number(next)).second);
            tried.push_back(next);
        }
        EXPECT_EQ(seen.size(), 3u);
        EXPECT_FALSE(live.pool.pick({tried, 7}).full);
    }
    // Afterwards no backend is left out.
    std::set<int> seen;
    for (std::uint64_t i = 0; i < 300; ++i)
        seen.insert(live.open(i));
    EXPECT_EQ(seen.size(), GetParam() == Algorithm::kFirst ? 1u : 3u);
}

TEST_P(EveryPolicy, NobodyWithoutAWeight) {
    LoadedPool live(members({0, 0}), GetParam());
    EXPECT_EQ(live.open(), -1);
    EXPECT_FALSE(live.full);
}

// Whatever happens in whatever order: the choice is usable when any backend is, below its cap, and
// not tried before.
TEST_P(EveryPolicy, NeverChoosesWhomItMayNot) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        std::mt19937 random(seed);
        std::vector<int> weights(1 + random() % 9);
        for (int& weight : weights)
            weight = static_cast<int>(random() % 5);
        std::vector<Member> all = members(weights);
        for (Member& one : all) {
            one.backup = random() % 4 == 0;
            one.maxconn = random() % 3 == 0 ? 1 + random() % 4 : 0;
        }
        LoadedPool live(all, GetParam(), seed);
        std::vector<int> open;
        const int count = static_cast<int>(all.size());
        for (int step = 0; step < 600; ++step) {
            const int n = static_cast<int>(random()) % count;
            const int one = n < 0 ? -n : n;
            switch (random() % 5) {
                case 0: live.set_down(one, random() % 2 == 0); break;
                case 1:
                    if (open.empty()) break;
                    live.close(open.back());
                    open.pop_back();
                    break;
                default: {
                    bool any_open = false;
                    for (const Member& m : all) {
                        const Backend& b = *m.backend;
                        any_open |= m.weight > 0 && b.health().usable();
                    }
                    const int got = live.open(random());
                    if (got < 0) break;
                    open.push_back(got);
                    const Member& m = all[static_cast<std::size_t>(got)];
                    ASSERT_GT(m.weight, 0);
                    ASSERT_TRUE(!any_open || m.backend->health().usable()) << "seed " << seed;
                    ASSERT_TRUE(m.maxconn == 0 || m.backend->users() <= m.maxconn);
                }
            }
        }
    }
}

TEST_P(EveryPolicy, SharesByWeight) {
    if (GetParam() == Algorithm::kFirst) return;
    LoadedPool live(members({6, 3, 1}), GetParam(), 3);
    std::map<int, int> served;
    for (std::uint64_t i = 0; i < 10'000; ++i)
        ++served[live.open(i)];
    EXPECT_NEAR(served[0], 6000, 1600);
    EXPECT_NEAR(served[1], 3000, 1000);
    EXPECT_NEAR(served[2], 1000, 500);
}

TEST_P(EveryPolicy, ASlowStartBeginsWithASmallShare) {
    if (GetParam() == Algorithm::kFirst) return;
    std::vector<Member> all = members({1, 1});
    all[1].slowstart = std::chrono::seconds(16);
    LoadedPool live(std::move(all), GetParam(), 3);
    live.set_down(1, true);
    live.set_down(1, false);
    std::map<int, int> served;
    for (std::uint64_t i = 0; i < 1700; ++i)
        ++served[live.open(i)];
    EXPECT_NEAR(served[1], 100, 60);
    std::vector<balance::PoolHealth::BackendChange> changed;
    live.health.time_passed(live.now + std::chrono::seconds(16), changed);
    const int before = served[1];
    for (std::uint64_t i = 0; i < 1700; ++i)
        ++served[live.open(i)];
    EXPECT_GT(served[1] - before, 600);
}

}  // namespace

// Exact shares: after any change of health each window of sum-of-weights is exact among the open.
TEST(RoundRobin, IsExactAmongThoseThatAreOpen) {
    LoadedPool live(members({3, 2, 1}), Algorithm::kRoundRobin);
    live.set_down(1, true);
    std::map<int, int> served;
    for (int i = 0; i < 400; ++i)
        ++served[live.open()];
    EXPECT_EQ(served, (std::map<int, int>{{0, 300}, {2, 100}}));
}

// A thousand random tables, each swapped at random moments for one with the same backends: over any
// window of sum-of-weights connections each is within one of its share.
TEST(RoundRobin, WindowsAreExactAcrossSwaps) {
    for (unsigned seed = 1; seed <= 1000; ++seed) {
        std::mt19937 random(seed);
        std::vector<int> weights(1 + random() % 8);
        for (int& weight : weights)
            weight = static_cast<int>(1 + random() % 20);
        const std::vector<Member> all = members(weights);
        int sum = 0;
        for (const int weight : weights)
            sum += weight;
        auto pool = std::make_unique<Pool>(all, Algorithm::kRoundRobin, seed);
        std::vector<int> turns;
        for (int i = 0; i < 4 * sum; ++i) {
            if (random() % 7 == 0) {
                auto next = std::make_unique<Pool>(all, Algorithm::kRoundRobin, random());
                next->adopt(*pool);
                pool = std::move(next);
            }
            turns.push_back(number(pool->pick().backend));
        }
        std::vector<int> in_window(weights.size());
        for (std::size_t i = 0; i < turns.size(); ++i) {
            ++in_window[static_cast<std::size_t>(turns[i])];
            const auto length = static_cast<std::size_t>(sum);
            if (i >= length) --in_window[static_cast<std::size_t>(turns[i - length])];
            if (i + 1 < length) continue;
            for (std::size_t b = 0; b < weights.size(); ++b) {
                ASSERT_LE(std::abs(in_window[b] - weights[b]), 1)
                    << "seed " << seed << " window ending at " << i << " backend " << b;
            }
        }
    }
}

TEST(RoundRobin, AnotherSeedBeginsAtAnother) {
    std::map<int, int> first;
    for (std::uint64_t seed = 1; seed <= 4000; ++seed) {
        Pool pool(members({1, 1, 1, 1}), Algorithm::kRoundRobin, seed);
        ++first[number(pool.pick().backend)];
    }
    for (int n = 0; n < 4; ++n)
        EXPECT_NEAR(first[n], 1000, 150) << n;
}

TEST(LeastConn, TakesTheOneWithTheFewest) {
    LoadedPool live(members({1, 1, 1}), Algorithm::kLeastConn);
    EXPECT_EQ(live.open() + live.open() + live.open(), 0 + 1 + 2);
    live.close(1);
    EXPECT_EQ(live.open(), 1);
    live.close(2);
    live.close(2 - 2);
    std::set<int> next{live.open(), live.open()};
    EXPECT_EQ(next, (std::set<int>{0, 2}));
}

TEST(LeastConn, TakesTurnsWhenAllAreIdle) {
    LoadedPool live(members({1, 1, 1}), Algorithm::kLeastConn);
    std::vector<int> seen;
    for (int i = 0; i < 6; ++i) {
        const int got = live.open();
        seen.push_back(got);
        live.close(got);
    }
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 0, 1, 2}));
}

TEST(First, FillsOneAfterTheOther) {
    std::vector<Member> all = members({1, 1, 1});
    all[0].maxconn = all[1].maxconn = 2;
    LoadedPool live(all, Algorithm::kFirst);
    std::vector<int> seen;
    for (int i = 0; i < 5; ++i)
        seen.push_back(live.open());
    EXPECT_EQ(seen, (std::vector<int>{0, 0, 1, 1, 2}));
    live.close(0);
    EXPECT_EQ(live.open(), 0);
}

TEST(Source, AClientKeepsItsBackend) {
    Pool pool(members({1, 1, 1, 1}), Algorithm::kSource);
    for (std::uint64_t client = 0; client < 100; ++client) {
        const Backend* mine = pool.pick({{}, client}).backend;
        for (int i = 0; i < 5; ++i)
            ASSERT_EQ(pool.pick({{}, client}).backend, mine);
    }
}

// A backend that leaves takes its own clients along and no others.
TEST(Source, OnlyTheClientsOfTheOneThatLeftMove) {
    const std::vector<Member> all = members({1, 1, 1, 1, 1});
    Pool pool(all, Algorithm::kSource);
    std::vector<Member> fewer(all.begin() + 1, all.end());
    Pool next(fewer, Algorithm::kSource);
    int moved = 0;
    for (std::uint64_t client = 0; client < 2000; ++client) {
        const Backend* before = pool.pick({{}, client}).backend;
        const Backend* after = next.pick({{}, client}).backend;
        if (before == all[0].backend.get()) {
            ++moved;
        } else {
            ASSERT_EQ(before, after);
        }
    }
    EXPECT_NEAR(moved, 400, 250);
}

TEST(Source, NobodyGetsMoreThanAQuarterAboveItsPart) {
    LoadedPool live(members({1, 1, 1, 1}), Algorithm::kSource);
    for (int i = 0; i < 400; ++i)
        live.open(42);  // one client: it would all be one backend's
    for (int n = 0; n < 4; ++n)
        EXPECT_LE(live.at(n).users(), 126u);
}

// Random draws with a look at the load spread far better than draws alone.
TEST(Random, TakesTheLessLoadedOfTwo) {
    constexpr int kBackends = 100;
    LoadedPool live(members(std::vector<int>(kBackends, 1)), Algorithm::kRandom, 9);
    for (int i = 0; i < 100 * kBackends; ++i)
        live.open();
    std::uint32_t most = 0;
    for (int n = 0; n < kBackends; ++n)
        most = std::max(most, live.at(n).users());
    EXPECT_LE(most, 106u);
}

// A pool of thousands is told of what changes and never goes through all of it.
TEST(EveryPolicyOfALargePool, KnowsHealthToo) {
    for (const Algorithm algorithm : kAll) {
        LoadedPool live(members(std::vector<int>(5000, 1)), algorithm, 5);
        for (int n = 0; n < 5000; ++n) {
            if (n != 4711) live.set_down(n, true);
        }
        for (std::uint64_t i = 0; i < 20; ++i)
            ASSERT_EQ(live.open(i), 4711) << static_cast<int>(algorithm);
    }
}
