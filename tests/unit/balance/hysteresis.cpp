#include "amba/balance/hysteresis.hpp"

#include <gtest/gtest.h>

#include <random>

using namespace amba;
using namespace std::chrono_literals;
using balance::Hysteresis;
using balance::State;

namespace {

core::Check check(int fall, int rise) {
    core::Check out;
    out.inter = 2s;
    out.fall = fall;
    out.rise = rise;
    return out;
}

// The states after each of the results: "+" a success, "-" a failure; "?" unknown, "U" healthy, "D"
// unhealthy, in lower case while the state is changing.
std::string course(const std::string& results, int fall, int rise, State start = State::kUnknown) {
    Hysteresis hysteresis(start);
    std::string out;
    for (const char result : results) {
        const State before = hysteresis.state();
        const bool flipped = hysteresis.take(result == '+', check(fall, rise));
        EXPECT_EQ(flipped, hysteresis.state() != before) << results;
        switch (hysteresis.state()) {
            case State::kUnknown: out += hysteresis.changing() ? '!' : '?'; break;
            case State::kHealthy: out += hysteresis.changing() ? 'u' : 'U'; break;
            case State::kUnhealthy: out += hysteresis.changing() ? 'd' : 'D'; break;
        }
    }
    return out;
}

}  // namespace

TEST(Hysteresis, FallsAndRises) {
    EXPECT_EQ(course("+", 3, 2), "U");
    EXPECT_EQ(course("+---", 3, 2), "UuuD");
    EXPECT_EQ(course("---++", 3, 2), "!!DdU");
    EXPECT_EQ(course("+--+--+---", 3, 2), "UuuUuuUuuD") << "in a row";
    EXPECT_EQ(course("---+-+-++", 3, 2), "!!DdDdDdU") << "in a row";
    EXPECT_EQ(course("-+-+", 1, 1), "DUDU");
    EXPECT_EQ(course("--+", 3, 2), "!!U") << "the first success of one that nothing is known of";
}

TEST(Hysteresis, GoesOnFromWhatIsKnown) {
    EXPECT_EQ(course("++", 3, 2, State::kUnhealthy), "dU");
    EXPECT_EQ(course("--", 3, 2, State::kUnhealthy), "DD");
    EXPECT_EQ(course("---", 3, 2, State::kHealthy), "uuD");
    EXPECT_FALSE(Hysteresis(State::kUnhealthy).changing());
    EXPECT_FALSE(Hysteresis().changing());
}

TEST(Hysteresis, CountsInARow) {
    Hysteresis hysteresis;
    EXPECT_EQ(hysteresis.in_a_row(), 0);
    for (int i = 0; i < 300; ++i)
        hysteresis.take(false, check(100, 100));
    EXPECT_EQ(hysteresis.in_a_row(), 255);
    EXPECT_EQ(hysteresis.state(), State::kUnhealthy);
    hysteresis.take(true, check(100, 100));
    EXPECT_EQ(hysteresis.in_a_row(), 1);
    EXPECT_TRUE(hysteresis.last_success());
}

TEST(Hysteresis, ManyResultsAreAgreedUponByASecondCount) {
    // Counted another way: the state is what the last run of at least `fall` failures or `rise`
    // successes said.
    for (unsigned seed = 0; seed < 50; ++seed) {
        std::mt19937 random(seed);
        const int fall = 1 + static_cast<int>(random() % 5);
        const int rise = 1 + static_cast<int>(random() % 5);
        Hysteresis hysteresis(State::kHealthy);
        std::string results;
        for (int i = 0; i < 500; ++i) {
            results += random() % 3 == 0 ? '-' : '+';
            hysteresis.take(results.back() == '+', check(fall, rise));
            const auto fell = results.rfind(std::string(static_cast<std::size_t>(fall), '-'));
            const auto rose = results.rfind(std::string(static_cast<std::size_t>(rise), '+'));
            const bool down =
                fell != std::string::npos && (rose == std::string::npos || rose < fell);
            ASSERT_EQ(hysteresis.state() == State::kUnhealthy, down) << seed << " " << results;
        }
    }
}

TEST(Hysteresis, SaysWhenToLookAgain) {
    core::Check settings = check(2, 2);
    settings.fastinter = 300ms;
    settings.downinter = 7s;
    Hysteresis hysteresis;
    EXPECT_EQ(hysteresis.interval(settings, true), 2s);
    EXPECT_EQ(hysteresis.interval(settings, false), 2s) << "nothing is known yet";
    hysteresis.take(true, settings);
    EXPECT_EQ(hysteresis.interval(settings, true), 2s);
    EXPECT_EQ(hysteresis.interval(settings, false), 20s);
    hysteresis.take(false, settings);
    EXPECT_EQ(hysteresis.interval(settings, false), 300ms);
    hysteresis.take(false, settings);
    EXPECT_EQ(hysteresis.interval(settings, true), 7s);
    EXPECT_EQ(hysteresis.interval(settings, false), 7s);
    hysteresis.take(true, settings);
    EXPECT_EQ(hysteresis.interval(settings, false), 300ms);
    hysteresis.take(true, settings);
    EXPECT_EQ(hysteresis.interval(settings, true), 2s);
}

TEST(Hysteresis, DerivesWhatIsNotGiven) {
    core::Check settings;
    for (const auto& [inter, fast] : {std::pair{2000ms, 500ms}, std::pair{400ms, 100ms},
                                      std::pair{200ms, 100ms}, std::pair{50ms, 50ms}}) {
        settings.inter = inter;
        EXPECT_EQ(settings.fast(), fast) << inter.count();
        EXPECT_EQ(settings.down(), inter);
    }
}

TEST(Hysteresis, JitterStaysWithinATenthAndUsesAllOfIt) {
    core::Duration least = 1h;
    core::Duration most{0};
    std::mt19937_64 random(1);
    for (int i = 0; i < 10'000; ++i) {
        const core::Duration drawn = balance::jittered(2s, random());
        least = std::min(least, drawn);
        most = std::max(most, drawn);
    }
    EXPECT_GE(least, 1800ms);
    EXPECT_LE(least, 1810ms);
    EXPECT_LE(most, 2200ms);
    EXPECT_GE(most, 2190ms);
    EXPECT_EQ(balance::jittered(5ms, 12345), 5ms) << "too short to spread";
    EXPECT_EQ(balance::part_of(0ms, 7), 0ms);
    EXPECT_EQ(balance::part_of(1s, 1000), 1000ms);
    EXPECT_EQ(balance::part_of(1s, 1001), 0ms);
}
