// The health of all backends of a frontend: the share that may be ejected, swaps, random events.
#include "amba/balance/pool_health.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

using namespace amba;
using namespace std::chrono_literals;
using balance::Backend;
using balance::BackendPtr;
using balance::Fault;
using balance::HealthChange;
using balance::Lease;
using balance::Member;
using balance::Pool;
using balance::PoolHealth;

namespace {

const core::Time kStart = core::Time(1000s);

BackendPtr backend(int n) {
    return new Backend(
        core::Endpoint{*core::Address::parse("10.0.0.1"), static_cast<std::uint16_t>(1000 + n)});
}

Member member(BackendPtr of, core::Duration slowstart = 0ms) {
    Member out;
    out.backend = std::move(of);
    out.slowstart = slowstart;
    return out;
}

std::vector<Member> members(int count) {
    std::vector<Member> out;
    for (int i = 0; i < count; ++i)
        out.push_back(member(backend(i)));
    return out;
}

std::shared_ptr<Pool> pool_of(std::vector<Member> of) {
    return std::make_shared<Pool>(std::move(of));
}

class ObservedPool final : public balance::LoadObserver {
  public:
    explicit ObservedPool(std::vector<Member> of, balance::HealthRules rules = {}) :
        members(std::move(of)), health(pool_of(members), rules, 7) {}

    Backend& at(std::size_t i) { return *members[i].backend; }
    bool fails(std::size_t i, int times = 3) {
        bool ejected = false;
        for (int n = 0; n < times; ++n)
            ejected |= health.connect_failed(at(i), now, Fault::kBackend, "refused").ejected;
        return ejected;
    }
    std::vector<PoolHealth::BackendChange> replace(std::vector<Member> of) {
        std::vector<PoolHealth::BackendChange> changed;
        members = std::move(of);
        health.replace(pool_of(members), now, changed);
        return changed;
    }
    std::vector<PoolHealth::BackendChange> pass(core::Duration time) {
        std::vector<PoolHealth::BackendChange> changed;
        now += time;
        health.time_passed(now, changed);
        return changed;
    }
    void lease_began(Backend& of) override { health.load_changed(of); }
    void lease_ended(Backend& of) override { health.load_changed(of); }

    core::Time now = kStart;
    std::vector<Member> members;
    PoolHealth health;
};

}  // namespace

TEST(PoolHealth, TellsThePool) {
    ObservedPool f(members(3));
    EXPECT_EQ(f.health.pool().usable(), 3u);
    EXPECT_TRUE(f.fails(0));
    EXPECT_EQ(f.health.pool().usable(), 2u);
    EXPECT_TRUE(f.health.checked(f.at(1), f.now, false, "").down);
    EXPECT_EQ(f.health.pool().usable(), 1u);
    EXPECT_TRUE(f.health.checked(f.at(1), f.now, true, "").up);
    EXPECT_EQ(f.pass(2s).size(), 1u);
    EXPECT_EQ(f.health.pool().usable(), 3u);
    EXPECT_EQ(f.health.due(), core::Time::max());
}

TEST(PoolHealth, LeavesOutAShareAtMost) {
    ObservedPool f(members(4));
    EXPECT_TRUE(f.fails(0));
    EXPECT_TRUE(f.fails(1));
    EXPECT_FALSE(f.fails(2, 20));
    EXPECT_EQ(f.health.ejected(), 2u);
    f.pass(2s);
    EXPECT_EQ(f.health.ejected(), 0u);
    EXPECT_TRUE(f.fails(2, 1)) << "its failures went on all the time";
}

TEST(PoolHealth, LeavesNobodyOutWhenItIsNotToObserve) {
    ObservedPool f(members(4), {false, 3, 50});
    EXPECT_FALSE(f.fails(0, 20));
    EXPECT_FALSE(ObservedPool(members(1)).fails(0, 20)) << "it would be the whole pool";
    EXPECT_FALSE(ObservedPool(members(4), {true, 3, 0}).fails(0, 20));
}

TEST(PoolHealth, OneThatIsNotInThePoolIsNotEjected) {
    ObservedPool f(members(4));
    const BackendPtr stranger = backend(9);
    for (int i = 0; i < 10; ++i)
        f.health.connect_failed(*stranger, f.now, Fault::kBackend, "refused");
    EXPECT_FALSE(stranger->health().ejected());
    const BackendPtr twin = backend(0);  // of the same address, and another object
    EXPECT_FALSE(f.health.checked(*twin, f.now, false, "").any());
}

TEST(PoolHealth, AResetCountsAtOnceAndOfASilentClient) {
    ObservedPool f(members(4));
    Lease lease(f.at(0), f);
    lease.establish(f.now);
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(f.health.reset(f.at(0), f.now, false).any());
        EXPECT_FALSE(f.health.reset(f.at(0), f.now + 1s, true).any());
    }
    f.health.reset(f.at(0), f.now, true);
    f.health.reset_in_queue(f.at(0), f.now);
    EXPECT_TRUE(f.health.reset(f.at(0), f.now + 999ms, true).ejected);
    EXPECT_TRUE(f.health.served(f.at(0), f.now).returned);
}

TEST(PoolHealth, ASwapEndsTheEjectionsOfThoseThatLeave) {
    ObservedPool f(members(4));
    const BackendPtr gone = f.members[0].backend;
    f.fails(0);
    f.fails(1);
    f.replace({f.members[1], f.members[2], f.members[3]});
    EXPECT_EQ(f.health.ejected(), 1u);
    EXPECT_FALSE(gone->health().ejected());
    EXPECT_TRUE(f.at(0).health().ejected()) << "the one that stays";
    EXPECT_EQ(f.health.pool().usable(), 2u);
}

TEST(PoolHealth, APoolThatShrinksGetsBackThoseAboveTheShare) {
    ObservedPool f(members(6));
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(f.fails(i));
        f.now += 10ms;
    }
    const auto changed = f.replace({f.members[0], f.members[1], f.members[2], f.members[3]});
    ASSERT_EQ(changed.size(), 1u);
    EXPECT_TRUE(changed.front().change.returned);
    EXPECT_EQ(f.health.ejected(), 2u);
    EXPECT_EQ(f.health.pool().usable(), 2u);
}

TEST(PoolHealth, NewBackendsStartSlowlyWhereOthersServe) {
    ObservedPool f(members(1));
    std::vector<Member> next = f.members;
    next.push_back(member(backend(1), 16s));
    next.push_back(member(backend(2)));
    const auto changed = f.replace(next);
    ASSERT_EQ(changed.size(), 1u);
    EXPECT_EQ(f.at(1).health().ramp(), 1);
    EXPECT_EQ(f.at(2).health().ramp(), balance::kRampSteps);
    EXPECT_TRUE(f.replace(f.members).empty()) << "it is known now";
    while (f.health.due() != core::Time::max())
        f.pass(1s);
    EXPECT_EQ(f.at(1).health().ramp(), balance::kRampSteps);
}

TEST(PoolHealth, WhoIsDownAndNotCheckedAnyMoreIsUsable) {
    std::vector<Member> checked = members(2);
    checked[0].check = checked[1].check = std::make_shared<core::Check>();
    ObservedPool f(checked);
    f.health.checked(f.at(0), f.now, false, "");
    f.health.checked(f.at(1), f.now, false, "");
    EXPECT_EQ(f.health.pool().usable(), 0u);
    checked[0].check = nullptr;
    f.replace(checked);
    EXPECT_TRUE(f.at(0).health().usable());
    EXPECT_FALSE(f.at(1).health().usable());
    // It leaves, and comes back without a check.
    const BackendPtr back = checked[1].backend;
    f.replace({checked[0]});
    checked[1].check = nullptr;
    f.replace(checked);
    f.health.came_back(*back, f.now);
    EXPECT_TRUE(back->health().usable());
    EXPECT_EQ(f.health.pool().usable(), 2u);
}

// A frontend out of the table ended with its last connection, and the table has it again: another
// frontend gets its backends.
TEST(PoolHealth, TakesUpTheBackendsOfOneThatIsGone) {
    std::vector<Member> backends = members(3);
    backends[1].check = std::make_shared<core::Check>();
    {
        ObservedPool before(backends);
        EXPECT_TRUE(before.fails(0));
        EXPECT_TRUE(before.health.checked(before.at(1), before.now, false, "").down);
    }
    ObservedPool f(backends);
    EXPECT_EQ(f.health.ejected(), 1u);
    EXPECT_EQ(f.health.pool().usable(), 1u);
    EXPECT_FALSE(f.fails(2));  // more than the share
    EXPECT_EQ(f.pass(2s).size(), 1u);
    EXPECT_EQ(f.health.ejected(), 0u);
    EXPECT_EQ(f.health.pool().usable(), 2u);
    // What time changes is known of it from then on, too.
    EXPECT_TRUE(f.fails(0));
    EXPECT_EQ(f.pass(10s).size(), 1u);
    // Where nothing checks it any more nobody would say that it is up again.
    backends[1].check = nullptr;
    ObservedPool unchecked(backends);
    EXPECT_EQ(unchecked.health.pool().usable(), 3u);
}

TEST(Lease, IsTheLoadOfABackend) {
    ObservedPool f({member(backend(0))});
    f.members[0].maxconn = 2;
    f.replace(f.members);
    Backend& one = f.at(0);
    {
        Lease first(one, f);
        EXPECT_EQ(one.users(), 1u);
        EXPECT_EQ(one.connections(), 0u);
        Lease second = std::move(first);
        EXPECT_FALSE(first);  // NOLINT: what is moved from is empty
        EXPECT_EQ(second.get(), &one);
        second.establish(kStart);
        second.establish(kStart + 1s);
        EXPECT_TRUE(second.established());
        EXPECT_EQ(second.get(), &one) << "the mark is not part of the address";
        EXPECT_EQ(one.connections(), 1u);
        EXPECT_EQ(one.counters.connections_total, 1u);
        EXPECT_EQ(one.connected_at(), kStart);
        EXPECT_EQ(f.health.pool().pick().backend, &one);
        Lease third(one, f);
        EXPECT_TRUE(f.health.pool().pick().full);
        third = std::move(second);
        EXPECT_EQ(one.users(), 1u) << "what it held is given back";
        EXPECT_EQ(one.connections(), 1u);
        third.end();
        EXPECT_EQ(one.users(), 0u);
        EXPECT_EQ(one.connections(), 0u);
    }
    EXPECT_EQ(one.users(), 0u);
    EXPECT_EQ(f.health.pool().pick().backend, &one);
}

TEST(Lease, KeepsItsBackend) {
    ObservedPool f(members(1));
    Lease lease(f.at(0), f);
    f.replace(members(0));
    EXPECT_EQ(lease->endpoint.port, 1000);
}

namespace {

// Random events, and what must hold after each of them.
class RandomEvents {
  public:
    explicit RandomEvents(unsigned seed) :
        random_(seed), rules_{true, static_cast<std::uint32_t>(1 + random_() % 4),
                              static_cast<int>(random_() % 101)},
        f_(some_members(), rules_) {}

    void step() {
        f_.now += core::Duration(random_() % 300);
        if (random_() % 40 == 0) return swap();
        if (f_.members.empty()) return swap();
        Backend& one = f_.at(random_() % f_.members.size());
        switch (random_() % 9) {
            case 0: return tell(one, f_.health.connected(one, f_.now));
            case 1:
            case 2: return tell(one, f_.health.connect_failed(one, f_.now, fault(), "why"));
            case 3: return tell(one, f_.health.outrun(one, f_.now));
            case 4: return tell(one, f_.health.reset(one, f_.now, random_() % 2 == 0));
            case 5: return tell(one, f_.health.served(one, f_.now));
            case 6: return tell(one, f_.health.checked(one, f_.now, random_() % 2 == 0, "why"));
            case 7: return connect(one);
            default: tell_all(f_.pass(core::Duration(random_() % 500)));
        }
    }

    void expect_sound() {
        const std::size_t weighted = f_.health.pool().weighted();
        std::size_t ejected = 0, usable = 0;
        for (const Member& m : f_.members) {
            const Backend& one = *m.backend;
            ejected += one.health().ejected();
            usable += m.weight > 0 && one.health().usable();
            ASSERT_EQ(one.users(), leases_.count(&one));
            ASSERT_LE(one.connections(), one.users());
            ASSERT_EQ(out_.count(&one) > 0, !one.health().usable()) << "told as it is";
        }
        ASSERT_EQ(f_.health.ejected(), ejected);
        ASSERT_LE(ejected * 100, weighted * static_cast<std::size_t>(rules_.max_ejected));
        ASSERT_EQ(f_.health.pool().usable(), usable);
    }

    // When nothing happens any more, time brings back all but those that their checks find down.
    void expect_rest() {
        leases_.clear();
        for (int i = 0; i < 100 && f_.health.due() != core::Time::max(); ++i)
            tell_all(f_.pass(10s));
        EXPECT_EQ(f_.health.ejected(), 0u);
        for (const Member& m : f_.members) {
            EXPECT_EQ(m.backend->users(), 0u);
            EXPECT_EQ(m.backend->connections(), 0u);
            EXPECT_EQ(m.backend->health().ramp(), balance::kRampSteps);
            EXPECT_EQ(m.backend->health().usable(), !m.backend->health().down());
        }
    }

  private:
    Fault fault() { return static_cast<Fault>(random_() % 5 == 0 ? 1 + random_() % 3 : 0); }

    std::vector<Member> some_members() {
        std::vector<Member> out;
        for (int i = 0; i < 8; ++i) {
            if (random_() % 3 == 0) continue;
            if (!known_[i] || random_() % 4 == 0) known_[i] = backend(i);
            Member m = member(known_[i], random_() % 4 == 0 ? 2s : 0s);
            m.weight = static_cast<int>(random_() % 4);
            m.maxconn = random_() % 3 == 0 ? 2 : 0;
            if (random_() % 2 == 0) m.check = std::make_shared<core::Check>();
            out.push_back(m);
        }
        return out;
    }

    void swap() {
        tell_all(f_.replace(some_members()));
        // A backend that was ejected and has left is ejected no more, or its return was told.
        for (const Member& m : f_.members)
            f_.health.came_back(*m.backend, f_.now);
        out_.clear();
        for (const Member& m : f_.members) {
            if (!m.backend->health().usable()) out_[m.backend.get()] = true;
            EXPECT_TRUE(!m.backend->health().down() || m.check) << "nobody would say that it is up";
        }
    }

    void connect(Backend& one) {
        if (random_() % 2 == 0) {
            Lease lease(one, f_);
            if (random_() % 2 == 0) lease.establish(f_.now);
            leases_.emplace(&one, std::move(lease));
        } else if (const auto at = leases_.find(&one); at != leases_.end()) {
            leases_.erase(at);
        }
    }

    void tell_all(const std::vector<PoolHealth::BackendChange>& changed) {
        for (const auto& [one, change] : changed)
            tell(*one, change);
    }
    // The changes alone are enough to know which backends are usable.
    void tell(const Backend& one, const HealthChange& change) {
        if (change.down || change.ejected) out_[&one] = true;
        if ((change.up || change.returned) && one.health().usable()) out_.erase(&one);
        ASSERT_FALSE((change.down || change.ejected || change.up || change.returned) &&
                     !change.share)
            << "the pool would not know";
    }

    std::mt19937 random_;
    std::map<int, BackendPtr> known_;
    balance::HealthRules rules_;
    ObservedPool f_;
    std::multimap<const Backend*, Lease> leases_;
    std::map<const Backend*, bool> out_;
};

}  // namespace

TEST(PoolHealth, HoldsWhateverHappens) {
    for (unsigned seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        RandomEvents events(seed);
        for (int i = 0; i < 500; ++i) {
            events.step();
            events.expect_sound();
            if (testing::Test::HasFatalFailure()) return;
        }
        events.expect_rest();
        if (testing::Test::HasFailure()) return;
    }
}
