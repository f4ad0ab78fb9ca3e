#include "amba/docker/parallel.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <numeric>

#include "support/eventually.hpp"

using namespace amba::docker;
using namespace amba::test;

TEST(TenAtATime, EachOnce) {
    for (const std::size_t count : {0u, 1u, 9u, 10u, 11u, 1000u}) {
        std::vector<int> times(count, 0);
        ten_at_a_time(times, [](int& one) { ++one; });
        EXPECT_EQ(times, std::vector<int>(count, 1));
    }
    const std::vector<int> constant{1, 2, 3};
    std::atomic<int> sum{0};
    ten_at_a_time(constant, [&](const int& one) { sum += one; });
    EXPECT_EQ(sum, 6);
}

TEST(TenAtATime, TenAndNoMore) {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    std::atomic<int> met{0};
    std::vector<int> items(30);
    ten_at_a_time(items, [&](int&) {
        const int here = ++now;
        for (int before = most; before < here && !most.compare_exchange_weak(before, here);) {
        }
        // Nobody goes before ten have met.
        if (eventually([&] { return most >= 10; })) ++met;
        --now;
    });
    EXPECT_EQ(most, 10);
    EXPECT_EQ(met, 30);
}
