#include "amba/balance/rate.hpp"

#include <gtest/gtest.h>

using namespace amba;
using namespace std::chrono_literals;

TEST(Rate, IsThatOfTheLastWholeSecond) {
    balance::Rate rate;
    const core::Time start{1000s};
    EXPECT_EQ(rate.per_second(start), 0u);
    for (int i = 0; i < 7; ++i)
        rate.add(start + i * 100ms);
    EXPECT_EQ(rate.per_second(start + 900ms), 0u) << "this second is not over";
    EXPECT_EQ(rate.per_second(start + 1s), 7u);
    rate.add(start + 1500ms);
    EXPECT_EQ(rate.per_second(start + 1600ms), 7u);
    EXPECT_EQ(rate.per_second(start + 2s), 1u);
    EXPECT_EQ(rate.per_second(start + 3s), 0u) << "nothing since";
    rate.add(start + 10s);
    EXPECT_EQ(rate.per_second(start + 10s), 0u);
    EXPECT_EQ(rate.per_second(start + 11s), 1u);
}
