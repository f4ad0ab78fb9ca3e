#include "amba/balance/pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace amba;
using balance::Algorithm;
using balance::Backend;
using balance::BackendPtr;
using balance::Member;
using balance::Pool;

namespace {

BackendPtr backend(int n) {
    return new Backend(
        core::Endpoint{*core::Address::parse("10.0.0.1"), static_cast<std::uint16_t>(1000 + n)});
}

Member member(int n, int weight) {
    Member out;
    out.backend = backend(n);
    out.weight = weight;
    return out;
}

std::vector<Member> members(const std::vector<int>& weights) {
    std::vector<Member> out;
    for (std::size_t i = 0; i < weights.size(); ++i)
        out.push_back(member(static_cast<int>(i), weights[i]));
    return out;
}

std::string turns(Pool& pool, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) {
        out += static_cast<char>('A' + pool.pick().backend->endpoint.port - 1000);
    }
    return out;
}

std::unique_ptr<Pool> after(const Pool& before, const std::vector<Member>& all) {
    auto next = std::make_unique<Pool>(all);
    next->adopt(before);
    return next;
}

}  // namespace

TEST(Pool, EmptyHasNobody) {
    EXPECT_EQ(Pool().pick().backend, nullptr);
    EXPECT_EQ(Pool(members({0, 0})).pick().backend, nullptr);
}

TEST(Pool, EqualWeightsTakeTurns) {
    Pool pool(members({1, 1, 1}));
    EXPECT_EQ(turns(pool, 7), "ABCABCA");
}

TEST(Pool, WeightZeroTakesNone) {
    Pool pool(members({1, 0, 1}));
    EXPECT_EQ(turns(pool, 4), "ACAC");
}

TEST(Pool, AWindowOfTheSumOfWeightsIsExact) {
    Pool pool(members({5, 1, 2}));
    for (int window = 0; window < 10; ++window) {
        std::string seen = turns(pool, 8);
        std::sort(seen.begin(), seen.end());
        EXPECT_EQ(seen, "AAAAABCC");
    }
}

// At no time is a backend a whole connection from its share, whatever the weights.
TEST(Pool, NobodyDriftsFromItsShare) {
    for (unsigned seed = 1; seed <= 300; ++seed) {
        std::mt19937 random(seed);
        std::vector<int> weights(1 + random() % 12);
        for (int& weight : weights)
            weight = static_cast<int>(random() % 257);
        weights[0] = std::max(weights[0], 1);
        Pool pool(members(weights));
        double sum = 0;
        for (const int weight : weights)
            sum += weight;
        std::vector<int> counts(weights.size());
        for (int turn = 1; turn <= 2000; ++turn) {
            ++counts[pool.pick().backend->endpoint.port - 1000u];
            for (std::size_t i = 0; i < weights.size(); ++i) {
                ASSERT_LT(std::abs(counts[i] - turn * weights[i] / sum), 1.0)
                    << "seed " << seed << " turn " << turn << " backend " << i;
            }
        }
    }
}

TEST(Pool, ASwapKeepsThePlace) {
    std::vector<Member> all = members({1, 1, 1});
    auto pool = std::make_unique<Pool>(all);
    std::string seen;
    for (int i = 0; i < 4; ++i) {
        seen += turns(*pool, 1);
        pool = after(*pool, all);  // a new pool of the same backends goes on
    }
    EXPECT_EQ(seen, "ABCA");
}

// Swaps after every connection must not favour anybody: the sum of what is owed stays zero.
TEST(Pool, SharesHoldAcrossSwaps) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        std::mt19937 random(seed);
        std::vector<Member> all = members({3, 2, 1});
        std::vector<int> counts(3);
        auto pool = std::make_unique<Pool>(all);
        for (int i = 0; i < 6000; ++i) {
            pool = after(*pool, all);  // the same weights, a new pool each time
            ++counts[pool->pick().backend->endpoint.port - 1000u];
        }
        EXPECT_EQ(counts, (std::vector<int>{3000, 2000, 1000}));
        // A backend that comes and goes leaves the others in proportion.
        std::vector<int> again(4);
        const Member guest = member(3, 6);
        for (int i = 0; i < 6000; ++i) {
            std::vector<Member> now = all;
            if (random() % 2 == 0) now.push_back(guest);
            pool = after(*pool, now);
            ++again[pool->pick().backend->endpoint.port - 1000u];
        }
        EXPECT_NEAR(again[0], 3.0 * again[2], 40) << "seed " << seed;
        EXPECT_NEAR(again[1], 2.0 * again[2], 40) << "seed " << seed;
    }
}

TEST(Pool, RetriesWalkTheOthersOnce) {
    Pool pool(members({1, 5, 1}));
    std::vector<Backend*> tried;
    std::string seen;
    while (Backend* next = pool.pick({tried}).backend) {
        seen += static_cast<char>('A' + next->endpoint.port - 1000);
        tried.push_back(next);
    }
    std::sort(seen.begin(), seen.end());
    EXPECT_EQ(seen, "ABC");
}

TEST(Pool, ABackupServesWhenThePrimariesWereTried) {
    std::vector<Member> all = members({1, 1});
    all[1].backup = true;
    Pool pool(all);
    EXPECT_EQ(turns(pool, 3), "AAA");
    Backend* primary = all[0].backend.get();
    EXPECT_EQ(pool.pick({{&primary, 1}}).backend, all[1].backend.get());
    all[0].weight = 0;
    Pool without(all);
    EXPECT_EQ(turns(without, 2), "BB");
}

// The refused tries of a dead backend are shared by the others, by weight.
TEST(Pool, AFailingBackendsTurnsAreShared) {
    std::vector<Member> all = members({1, 1, 1});
    Pool pool(all);
    Backend* dead = all[0].backend.get();
    std::map<const Backend*, int> served;
    for (int i = 0; i < 300; ++i) {
        Backend* got = pool.pick().backend;
        if (got == dead) got = pool.pick({{&dead, 1}}).backend;
        ++served[got];
    }
    EXPECT_EQ(served[dead], 0);
    EXPECT_NEAR(served[all[1].backend.get()], 150, 2);
    EXPECT_NEAR(served[all[2].backend.get()], 150, 2);
}

TEST(Pool, FindsAMemberByItsEndpoint) {
    std::vector<Member> all = members({1, 0, 3});
    all[1].backup = true;
    const Pool pool(all);
    for (const Member& member : all) {
        const Member* found = pool.find(member.backend->endpoint);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->backend, member.backend);
    }
    EXPECT_EQ(pool.find(backend(7)->endpoint), nullptr);
}

// The members of a large pool come due one after the other and not all in one turn.
TEST(Pool, ALargeOneIsFairToo) {
    constexpr int kMembers = 20000;
    Pool pool(members(std::vector<int>(kMembers, 1)), Algorithm::kRoundRobin, 42);
    std::vector<int> counts(kMembers);
    for (int i = 0; i < 3 * kMembers; ++i)
        ++counts[pool.pick().backend->endpoint.port - 1000u];
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    EXPECT_GE(*least, 2);
    EXPECT_LE(*most, 4);
}

TEST(Pool, ALargeOneDoesNotBeginAnewAtEachSwap) {
    constexpr int kMembers = 5000;
    const std::vector<Member> all = members(std::vector<int>(kMembers, 1));
    std::vector<int> counts(kMembers);
    for (std::uint64_t swap = 0; swap < 200; ++swap) {
        Pool pool(all, Algorithm::kRoundRobin, swap * 977 + 1);
        for (int i = 0; i < 100; ++i)
            ++counts[pool.pick().backend->endpoint.port - 1000u];
    }
    EXPECT_LT(std::count(counts.begin(), counts.end(), 0), kMembers / 5);
    EXPECT_LT(*std::max_element(counts.begin(), counts.end()), 20);
}
