#include "amba/net/budget.hpp"

#include <gtest/gtest.h>

using namespace amba::net;
using Use = Budget::Use;

namespace {

constexpr std::size_t kOwn = 20;
constexpr std::size_t kLimits[] = {16, 32, 64, 128, 256, 1024, 1 << 20};

// Takes `each` descriptors until there is no room. Returns how often there was.
std::size_t take_all(Budget& budget, Use use, std::size_t each = 1) {
    std::size_t count = 0;
    while (count < 1 << 20 && budget.take(use, each))
        ++count;
    return count;
}

std::size_t sum(const Budget& budget) {
    std::size_t out = 0;
    for (std::size_t use = 0; use < Budget::kUses; ++use)
        out += budget.in_use(static_cast<Use>(use));
    return out;
}

}  // namespace

TEST(Budget, HasRoomForOneConnectionWhateverTheLimit) {
    for (const std::size_t limit : kLimits) {
        Budget budget(limit, kOwn);
        take_all(budget, Use::kPipes, 2);
        take_all(budget, Use::kHedges);
        take_all(budget, Use::kChecks);
        take_all(budget, Use::kAdmin);
        EXPECT_GE(take_all(budget, Use::kConnections, 2), 1u) << limit;
    }
}

TEST(Budget, ConnectionsLeaveToOthersTheirShare) {
    for (const std::size_t limit : kLimits) {
        Budget budget(limit, kOwn);
        take_all(budget, Use::kConnections, 2);
        EXPECT_EQ(take_all(budget, Use::kChecks), 2u) << limit;
        EXPECT_GE(take_all(budget, Use::kAdmin), 4u) << limit;
        EXPECT_EQ(take_all(budget, Use::kPipes, 2), 0u) << limit;
        EXPECT_EQ(take_all(budget, Use::kHedges), 0u) << limit;
    }
}

TEST(Budget, IsNeverExceeded) {
    for (const std::size_t limit : kLimits) {
        if (limit < 64) continue;
        Budget budget(limit, kOwn);
        for (const Use use : {Use::kChecks, Use::kPipes, Use::kHedges, Use::kAdmin, Use::kListeners,
                              Use::kConnections})
            take_all(budget, use, use == Use::kConnections ? 2 : 1);
        EXPECT_LE(sum(budget) + kOwn, limit) << limit;
    }
}

TEST(Budget, NeitherAdminNorChecksGrowAtTheCostOfConnections) {
    Budget idle(256, kOwn);
    const std::size_t alone = take_all(idle, Use::kConnections, 2);
    Budget admin(256, kOwn);
    EXPECT_LE(take_all(admin, Use::kAdmin), 32u);
    EXPECT_EQ(take_all(admin, Use::kConnections, 2), alone);
    Budget optional(256, kOwn);
    take_all(optional, Use::kChecks);
    EXPECT_GE(take_all(optional, Use::kConnections, 2), alone / 10);
}

TEST(Budget, WhatIsGivenBackIsThereAgain) {
    Budget budget(64, kOwn);
    const std::size_t all = take_all(budget, Use::kConnections, 2);
    EXPECT_FALSE(budget.has_room(Use::kConnections, 2));
    EXPECT_FALSE(budget.is_half_free());
    budget.give_back(Use::kConnections, 2 * all);
    EXPECT_TRUE(budget.is_half_free());
    EXPECT_EQ(take_all(budget, Use::kConnections, 2), all);
}

TEST(Budget, AFullOneHasRoomForANewListener) {
    Budget budget(64, kOwn);
    take_all(budget, Use::kConnections, 2);
    EXPECT_GE(take_all(budget, Use::kListeners), 3u);
}

TEST(Reservation, GivesBackOnceHoweverOftenItMoves) {
    Budget& budget = Budget::of_process();
    const std::size_t before = budget.in_use(Use::kHedges);
    {
        Reservation first = Reservation::take(Use::kHedges, 3);
        ASSERT_TRUE(first);
        Reservation second = std::move(first);
        EXPECT_FALSE(first);  // NOLINT: what is left behind is what is asked
        EXPECT_EQ(budget.in_use(Use::kHedges), before + 3);
        second = Reservation::add(Use::kHedges);
        EXPECT_EQ(budget.in_use(Use::kHedges), before + 1);
        second.reset();
        EXPECT_EQ(budget.in_use(Use::kHedges), before);
    }
    EXPECT_EQ(budget.in_use(Use::kHedges), before);
}
