// What each event makes of the health of one backend.
#include "amba/balance/backend_health.hpp"

#include <gtest/gtest.h>

using namespace amba;
using namespace std::chrono_literals;
using balance::BackendHealth;
using balance::EjectionTerms;
using balance::Fault;
using balance::HealthChange;
using balance::State;

namespace {

constexpr EjectionTerms kThree{3, 20};  // a draw of 20: exactly the length that is doubled
constexpr EjectionTerms kNever{};
const core::Time kStart = core::Time(1000s);

class BackendHealthTest : public testing::Test {
  protected:
    HealthChange fails(EjectionTerms terms = kThree) {
        return health.connect_failed(now, Fault::kBackend, "refused", terms);
    }
    HealthChange resets() { return health.reset_at_once(now, kThree); }
    // Fails until it is ejected. Returns how long the ejection lasts.
    core::Duration eject() {
        int failures = 0;
        while (!health.ejected() && ++failures < 10)
            fails();
        EXPECT_TRUE(health.ejected());
        return std::chrono::duration_cast<core::Duration>(health.due() - now);
    }

    core::Time now = kStart;
    BackendHealth health;
};

}  // namespace

TEST_F(BackendHealthTest, NothingIsKnownAtFirstAndItIsUsable) {
    EXPECT_EQ(health.state(), State::kUnknown);
    EXPECT_TRUE(health.usable());
    EXPECT_EQ(health.why(), "");
    EXPECT_EQ(health.due(), core::Time::max());
    EXPECT_EQ(health.ramp(), balance::kRampSteps);
}

TEST_F(BackendHealthTest, AConnectTellsOfItWhileNothingChecksIt) {
    EXPECT_FALSE(health.connected(now).answers) << "nothing bad was known";
    EXPECT_EQ(health.state(), State::kHealthy);
    EXPECT_EQ(health.since(), now);
    now += 1s;
    const HealthChange change = fails(kNever);
    EXPECT_TRUE(change.fails);
    EXPECT_FALSE(change.share) << "it is tried all the same";
    EXPECT_EQ(health.state(), State::kUnhealthy);
    EXPECT_EQ(health.why(), "cannot be connected to: refused");
    EXPECT_EQ(health.downs(), 1u);
    EXPECT_TRUE(health.usable());
    EXPECT_FALSE(fails(kNever).any()) << "told once";
    const HealthChange back = health.connected(now);
    EXPECT_TRUE(back.answers);
    EXPECT_TRUE(back.news);
    EXPECT_EQ(health.why(), "");
}

TEST_F(BackendHealthTest, OnlyItsOwnFaultsAreHeldAgainstIt) {
    for (const Fault fault : {Fault::kNetwork, Fault::kHost, Fault::kClient}) {
        for (int i = 0; i < 10; ++i)
            EXPECT_FALSE(health.connect_failed(now, fault, "no route", kThree).any());
    }
    EXPECT_EQ(health.state(), State::kUnknown);
    EXPECT_TRUE(health.usable());
}

TEST_F(BackendHealthTest, FailuresInARowEjectIt) {
    EXPECT_FALSE(fails().ejected);
    EXPECT_FALSE(fails().ejected);
    const HealthChange change = fails();
    EXPECT_TRUE(change.ejected);
    EXPECT_TRUE(change.share);
    EXPECT_FALSE(health.usable());
    EXPECT_EQ(health.why(), "left out for 1s after 3 failures in a row: refused");
    EXPECT_EQ(health.downs(), 2u) << "unhealthy, then ejected";
    EXPECT_EQ(health.due(), now + 1s);
    EXPECT_FALSE(fails().any()) << "one that began before";
}

TEST_F(BackendHealthTest, ASuccessBetweenThemBeginsTheRowAnew) {
    fails();
    fails();
    health.connected(now);
    EXPECT_FALSE(fails().ejected);
    EXPECT_FALSE(fails().ejected);
    EXPECT_TRUE(fails().ejected);
}

TEST_F(BackendHealthTest, AfterAnEjectionItIsOnTrial) {
    eject();
    EXPECT_FALSE(health.time_passed(now + 999ms).any());
    const HealthChange over = health.time_passed(now + 1s);
    EXPECT_TRUE(over.returned);
    EXPECT_TRUE(over.share);
    EXPECT_TRUE(health.usable());
    EXPECT_TRUE(health.on_trial());
    EXPECT_EQ(health.why(), "on trial: its last connects failed");
    now += 2s;
    EXPECT_TRUE(fails().ejected) << "its first failure";
    EXPECT_EQ(health.due(), now + 2s) << "for twice as long";
}

TEST_F(BackendHealthTest, EachEjectionIsTwiceAsLongUpToAMinute) {
    std::vector<std::int64_t> seconds;
    for (int i = 0; i < 9; ++i) {
        const core::Duration length = eject();
        seconds.push_back(length / 1s);
        now += length;
        health.time_passed(now);
    }
    EXPECT_EQ(seconds, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 60, 60, 60}));
    health.connected(now);
    EXPECT_FALSE(health.on_trial());
    EXPECT_EQ(eject(), 1s) << "it was trusted again";
}

TEST_F(BackendHealthTest, TheLengthOfAnEjectionIsDrawn) {
    for (std::uint64_t draw = 0; draw < 100; ++draw) {
        BackendHealth one;
        one.connect_failed(now, Fault::kBackend, "", {1, draw});
        ASSERT_GE(one.due(), now + 800ms);
        ASSERT_LE(one.due(), now + 1200ms);
    }
}

TEST_F(BackendHealthTest, OneThatConnectsWhileItIsOutIsBack) {
    eject();
    const HealthChange change = health.connected(now);
    EXPECT_TRUE(change.returned);
    EXPECT_TRUE(change.answers);
    EXPECT_TRUE(health.usable());
    EXPECT_FALSE(health.on_trial());
    EXPECT_EQ(health.due(), core::Time::max());
}

TEST_F(BackendHealthTest, AfterResetsAtOnceAConnectIsNotEnough) {
    resets();
    health.connected(now);
    resets();
    health.connected(now);
    EXPECT_TRUE(resets().ejected);
    EXPECT_EQ(health.why(),
              "left out for 1s after 3 failures in a row: it resets connections at once");
    health.connected(now);
    EXPECT_TRUE(health.ejected()) << "each of them had been established";
    EXPECT_TRUE(health.served(now).returned);
    EXPECT_TRUE(health.usable());
    EXPECT_FALSE(health.served(now).any());
}

TEST_F(BackendHealthTest, OneThatIsOutrunIsSlowAndThenLeftOut) {
    EXPECT_TRUE(health.outrun(now, kThree).slow);
    EXPECT_FALSE(health.outrun(now, kThree).any());
    EXPECT_TRUE(health.outrun(now, kThree).ejected);
    EXPECT_EQ(health.state(), State::kUnknown) << "it may answer all the same";
}

TEST_F(BackendHealthTest, ChecksTakeItOutAndBringItBack) {
    EXPECT_FALSE(health.checked(now, true, "", 0ms).any()) << "it was usable before";
    EXPECT_EQ(health.state(), State::kHealthy);
    const HealthChange down = health.checked(now, false, "no answer", 0ms);
    EXPECT_TRUE(down.down);
    EXPECT_TRUE(down.share);
    EXPECT_FALSE(health.usable());
    EXPECT_EQ(health.why(), "no answer");
    EXPECT_FALSE(health.checked(now, false, "again", 0ms).any());
    EXPECT_EQ(health.why(), "no answer") << "of its first";
    EXPECT_FALSE(health.connected(now).any()) << "checks know better";
    EXPECT_EQ(health.state(), State::kUnhealthy);
    const HealthChange up = health.checked(now, true, "it answers", 0ms);
    EXPECT_TRUE(up.up);
    EXPECT_TRUE(up.news);
    EXPECT_TRUE(health.usable());
    EXPECT_EQ(health.downs(), 1u);
}

TEST_F(BackendHealthTest, OneThatIsDownIsNotEjectedToo) {
    health.checked(now, false, "no answer", 0ms);
    for (int i = 0; i < 10; ++i)
        EXPECT_FALSE(fails().any());
    EXPECT_FALSE(health.ejected());
    health.checked(now, true, "it answers", 0ms);
    EXPECT_FALSE(fails().ejected) << "what was before the up does not count";
}

TEST_F(BackendHealthTest, AnUpEndsAnEjection) {
    eject();
    health.checked(now, false, "no answer", 0ms);
    const HealthChange up = health.checked(now, true, "it answers", 0ms);
    EXPECT_TRUE(up.up);
    EXPECT_TRUE(up.returned);
    EXPECT_TRUE(health.usable());
    EXPECT_FALSE(health.on_trial());
}

TEST_F(BackendHealthTest, AnEjectionMayEndWhileItIsDown) {
    eject();
    health.checked(now, false, "no answer", 0ms);
    EXPECT_TRUE(health.time_passed(now + 1s).returned);
    EXPECT_FALSE(health.usable()) << "its checks";
}

TEST_F(BackendHealthTest, ASlowStartGoesInSteps) {
    health.checked(now, false, "", 0ms);
    EXPECT_EQ(health.ramp(), balance::kRampSteps);
    health.checked(now, true, "", 16s);
    EXPECT_EQ(health.ramp(), 1);
    int last = 1;
    const core::Time began = now;
    while (health.due() != core::Time::max()) {
        now = health.due();
        EXPECT_TRUE(health.time_passed(now).share);
        EXPECT_GE(health.ramp(), last);
        last = health.ramp();
    }
    EXPECT_EQ(health.ramp(), balance::kRampSteps);
    EXPECT_GE(now, began + 16s);
    EXPECT_LE(now, began + 18s);
}

TEST_F(BackendHealthTest, AVeryShortSlowStartHasFewSteps) {
    health.start_slowly(now, 1ms);
    EXPECT_EQ(health.due(), now + 10ms);
    health.time_passed(now + 10ms);
    EXPECT_EQ(health.ramp(), balance::kRampSteps);
}

TEST_F(BackendHealthTest, WhatNobodyChecksAnyMoreIsUsable) {
    EXPECT_FALSE(health.unchecked().any());
    health.checked(now, false, "no answer", 0ms);
    EXPECT_TRUE(health.unchecked().share);
    EXPECT_TRUE(health.usable());
    EXPECT_EQ(health.state(), State::kUnhealthy) << "that is what was last seen";
}

TEST_F(BackendHealthTest, OneThatLeavesThePoolIsTrustedAnewButForItsChecks) {
    eject();
    EXPECT_TRUE(health.removed(now).returned);
    EXPECT_FALSE(health.on_trial());
    health.checked(now, false, "", 0ms);
    EXPECT_FALSE(health.removed(now).any());
    EXPECT_FALSE(health.usable());
}
