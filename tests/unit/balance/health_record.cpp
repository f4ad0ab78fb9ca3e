// A health that goes on in another process does as it would have done in the first.
#include <gtest/gtest.h>

#include <random>

#include "amba/balance/backend_health.hpp"

using namespace amba;
using namespace std::chrono_literals;
using balance::BackendHealth;
using balance::EjectionTerms;
using balance::Fault;

namespace {

// One event, the same for both.
void happen(BackendHealth& health, core::Time now, unsigned which, std::uint64_t draw) {
    const EjectionTerms terms{3, draw};
    switch (which) {
        case 0: health.connected(now); break;
        case 1: health.connect_failed(now, Fault::kBackend, "refused", terms); break;
        case 2: health.outrun(now, terms); break;
        case 3: health.reset_at_once(now, terms); break;
        case 4: health.served(now); break;
        case 5: health.checked(now, true, "it answers", 5s); break;
        case 6: health.checked(now, false, "no answer", 5s); break;
        case 7: health.start_slowly(now, 8s); break;
        case 8: health.removed(now); break;
        case 9: health.unchecked(); break;
        default: health.end_ejection(now);
    }
    if (health.due() <= now) health.time_passed(now);
}

void expect_same(const BackendHealth& one, const BackendHealth& other) {
    EXPECT_EQ(one.state(), other.state());
    EXPECT_EQ(one.usable(), other.usable());
    EXPECT_EQ(one.down(), other.down());
    EXPECT_EQ(one.ejected(), other.ejected());
    EXPECT_EQ(one.on_trial(), other.on_trial());
    EXPECT_EQ(one.since(), other.since());
    EXPECT_EQ(one.why(), other.why());
    EXPECT_EQ(one.downs(), other.downs());
    // The steps of a slow start are taken at other moments.
    EXPECT_NEAR(one.ramp(), other.ramp(), 1);
    const bool one_is_full = one.ramp() == balance::kRampSteps;
    const bool other_is_full = other.ramp() == balance::kRampSteps;
    if (one_is_full && other_is_full) {
        EXPECT_EQ(one.due(), other.due());
    } else if (!one_is_full && !other_is_full) {
        EXPECT_NEAR(std::chrono::duration<double>(one.due() - other.due()).count(), 0, 1);
    }
}

}  // namespace

TEST(HealthRecord, IsAllThatThereIs) {
    for (unsigned seed = 1; seed <= 2000 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        core::Time now(1000s);
        BackendHealth first;
        const auto next = [&](std::initializer_list<BackendHealth*> all) {
            now += std::chrono::milliseconds(random() % 2000);
            const unsigned which = random() % 4 == 0 ? random() % 11 : random() % 2;
            const std::uint64_t draw = random();
            for (BackendHealth* one : all)
                happen(*one, now, which, draw);
        };
        for (unsigned i = random() % 30; i > 0; --i)
            next({&first});
        BackendHealth second(first.record(), now);
        expect_same(first, second);
        for (int i = 0; i < 30; ++i) {
            next({&first, &second});
            expect_same(first, second);
        }
    }
}

// The other process may be another version, or wrong.
TEST(HealthRecord, LeavesNobodyOutForLongerThanAnEjectionLasts) {
    const core::Time now(1000s);
    balance::HealthRecord known;
    known.ejections = 255;
    known.returns = now + 24h;
    const BackendHealth health(known, now);
    EXPECT_TRUE(health.ejected());
    EXPECT_LE(health.due(), now + 2min);
    known.ejections = 0;
    EXPECT_FALSE(BackendHealth(known, now).ejected());
}

TEST(HealthRecord, OfASlowStartThatIsOverIsOfNone) {
    const core::Time now(1000s);
    balance::HealthRecord known;
    known.ramp_began = now - 20s;
    known.ramp_length = 10s;
    const BackendHealth health(known, now);
    EXPECT_EQ(health.ramp(), balance::kRampSteps);
    EXPECT_EQ(health.due(), core::Time::max());
}
