#include "log/folding.hpp"

#include <gtest/gtest.h>

using namespace amba;
using namespace amba::log;
using namespace std::chrono_literals;

namespace {

constexpr core::Time kStart{1h};

// How many of `count` events at that time are written.
int written(Folding& folding, int count, core::Time now, const char* event = "down",
            const char* frontend = "web") {
    int out = 0;
    for (int i = 0; i < count; ++i)
        out += folding.admit(Level::kWarning, event, frontend, now);
    return out;
}

}  // namespace

TEST(Folding, WritesACrowdsFirstAndCountsTheRest) {
    Folding folding;
    EXPECT_EQ(written(folding, 100, kStart), kCrowd);
    EXPECT_TRUE(folding.folds());
    EXPECT_TRUE(folding.due(kStart + kCrowdTime - 1ms).empty());
    const auto due = folding.due(kStart + kCrowdTime);
    ASSERT_EQ(due.size(), 1u);
    EXPECT_EQ(due[0].count, 100u - kCrowd);
    EXPECT_EQ(due[0].event, "down");
    EXPECT_EQ(due[0].frontend, "web");
    EXPECT_FALSE(folding.folds());
}

TEST(Folding, BeginsAnewAfterItsTime) {
    Folding folding;
    EXPECT_EQ(written(folding, kCrowd, kStart), kCrowd);
    EXPECT_FALSE(folding.folds());
    EXPECT_EQ(written(folding, 5, kStart + kCrowdTime), 5);
}

TEST(Folding, TellsKindsAndFrontendsApart) {
    Folding folding;
    EXPECT_EQ(written(folding, 50, kStart), kCrowd);
    EXPECT_EQ(written(folding, 5, kStart, "up"), 5);
    EXPECT_EQ(written(folding, 5, kStart, "down", "other"), 5);
}

TEST(Folding, OfTooManyKindsWritesThemAll) {
    Folding folding;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(folding.admit(Level::kInfo, "up", "web" + std::to_string(i), kStart));
    }
    EXPECT_EQ(written(folding, 50, kStart, "up", "one more"), 50);
}
