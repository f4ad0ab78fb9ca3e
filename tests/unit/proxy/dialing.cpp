// What a connection decides until it has a backend, path by path, without a socket.
#include "proxy/dialing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>

using namespace amba;
using namespace std::chrono_literals;
using balance::Backend;
using balance::BackendPtr;
using core::EndedBy;
using proxy::DialAction;
using proxy::DialEvent;
using proxy::Dialing;
using Event = DialEvent::Kind;

namespace {

// A frontend with the backends A, B, C... It offers them in this order, without those that are full
// or gone.
class ScriptedCandidates final : public proxy::Candidates {
  public:
    explicit ScriptedCandidates(int count) {
        for (int i = 0; i < count; ++i) {
            const auto port = static_cast<std::uint16_t>('A' + i);
            known.emplace_back(
                new Backend(core::Endpoint{*core::Address::parse("10.0.0.1"), port}));
            in_table.insert(static_cast<char>('A' + i));
        }
    }
    Backend& at(char name) { return *known[static_cast<std::size_t>(name - 'A')]; }
    static char name(const Backend& backend) { return static_cast<char>(backend.endpoint.port); }

    balance::Choice pick(std::span<Backend* const> tried) override {
        bool any_full = false;
        for (const BackendPtr& backend : known) {
            const char n = name(*backend);
            if (!in_table.contains(n)) continue;
            if (std::find(tried.begin(), tried.end(), backend.get()) != tried.end()) continue;
            if (!full.contains(n)) return {backend.get(), false};
            any_full = true;
        }
        return {nullptr, any_full};
    }
    std::size_t weighted() const override { return in_table.size(); }
    bool has(const Backend& backend) const override { return in_table.contains(name(backend)); }
    bool queue_is_due() const override { return due; }
    core::Duration hedge_after() const override { return 250ms; }
    std::uint64_t draw() override { return 20; }  // no jitter

    std::vector<BackendPtr> known;
    std::set<char> in_table;
    std::set<char> full;
    bool due = false;
};

class DialingTest : public testing::Test {
  protected:
    // Starts a test anew with so many backends.
    void with(int count) {
        candidates = std::make_unique<ScriptedCandidates>(count);
        dialing = std::make_unique<Dialing>(settings, *candidates, now);
    }
    // The decision in a word, with the time until the deadline in ms: "dial A 5000".
    std::string next(DialEvent event) {
        const DialAction action = dialing->next(event, now);
        const auto until = [&] {
            return std::to_string(
                std::chrono::round<std::chrono::milliseconds>(action.until - now).count());
        };
        const std::string end = {static_cast<char>(action.by), static_cast<char>(action.stage)};
        switch (action.kind) {
            case DialAction::Kind::kNothing: return "nothing";
            case DialAction::Kind::kDial:
                return std::string("dial ") + ScriptedCandidates::name(*action.backend) + " " +
                       until();
            case DialAction::Kind::kHedge: return "hedge";
            case DialAction::Kind::kWait: return "wait " + until();
            case DialAction::Kind::kUntil: return "until " + until();
            case DialAction::Kind::kExpire: return "expire";
            case DialAction::Kind::kGiveUp:
                return "give up " + end + (action.waited_out ? " waited" : "");
        }
        return "";
    }
    std::string start() { return next({Event::kStart}); }
    std::string under_way() { return next({Event::kUnderWay}); }
    std::string deadline() { return next({Event::kDeadline}); }
    std::string turn() { return next({Event::kTurn}); }
    std::string pool_changed() { return next({Event::kPoolChanged}); }
    std::string refused(Event which = Event::kFailed) { return next({which}); }
    std::string no_answer(Event which = Event::kFailed) {
        DialEvent event{which};
        event.why = EndedBy::kServerTimeout;
        return next(event);
    }
    std::string reset() {
        DialEvent event{Event::kFailed};
        event.was_reset = true;
        return next(event);
    }
    std::string not_dialed(bool is_for_all) {
        DialEvent event{Event::kNotDialed};
        event.why = EndedBy::kResource;
        event.is_for_all = is_for_all;
        return next(event);
    }
    // From the start to two connects at a time: A is slow, B is dialed beside it.
    void race() {
        EXPECT_EQ(start().substr(0, 6), "dial A");
        under_way();
        now += 250ms;
        EXPECT_EQ(deadline(), "hedge");
        EXPECT_EQ(next({Event::kHedged}).substr(0, 6), "dial B");
        under_way();
    }

    core::Time now{1000s};
    proxy::Settings settings;
    std::unique_ptr<ScriptedCandidates> candidates;
    std::unique_ptr<Dialing> dialing;
};

}  // namespace

// ---- one after the other ----

TEST_F(DialingTest, TheOnlyBackendHasAllTheTime) {
    with(1);
    settings.hedge = false;
    EXPECT_EQ(start(), "dial A 5000");
    EXPECT_EQ(under_way(), "until 5000");
    EXPECT_TRUE(dialing->was_alone());
    EXPECT_EQ(dialing->clocks().stage(), core::Stage::kConnect);
}

TEST_F(DialingTest, OthersAreLeftTheirTime) {
    settings.timeouts.connect = 6s;
    settings.hedge = false;
    with(3);
    EXPECT_EQ(start(), "dial A 2000");
    under_way();
    now += 2s;
    EXPECT_EQ(deadline(), "expire");
    EXPECT_EQ(no_answer(), "dial B 2000");
    EXPECT_EQ(under_way(), "until 2000");
    EXPECT_FALSE(dialing->was_alone());
}

TEST_F(DialingTest, OneThatRefusesIsFollowedByTheNext) {
    with(2);
    EXPECT_EQ(start(), "dial A 250");
    under_way();
    EXPECT_EQ(refused(), "dial B 250");
    EXPECT_TRUE(dialing->has_tried());
}

TEST_F(DialingTest, AllTriedInVainAreTriedAnewAfterAPause) {
    with(2);
    start();
    under_way();
    refused();
    under_way();
    EXPECT_EQ(refused(), "wait 100");
    EXPECT_TRUE(dialing->pauses());
    EXPECT_EQ(dialing->clocks().stage(), core::Stage::kConnect);
    now += 100ms;
    EXPECT_EQ(deadline(), "dial A 250");
    under_way();
    refused();
    under_way();
    EXPECT_EQ(refused(), "wait 200") << "each pause is twice as long";
}

TEST_F(DialingTest, PausesAreAtMostASecondAndEndWithTimeoutsConnect) {
    with(1);
    std::vector<std::string> seen;
    start();
    while (seen.size() < 20) {
        under_way();
        seen.push_back(refused());
        if (seen.back().starts_with("give up")) break;
        now += core::Duration(std::stoi(seen.back().substr(5)));
        const std::string then = deadline();
        if (!then.starts_with("dial")) {
            seen.push_back(then);
            break;
        }
    }
    EXPECT_EQ(seen,
              (std::vector<std::string>{"wait 100", "wait 200", "wait 400", "wait 800", "wait 1000",
                                        "wait 1000", "wait 1000", "wait 500", "give up SC"}));
}

TEST_F(DialingTest, WithoutRetriesThereIsOneTry) {
    settings.retries = 0;
    with(2);
    EXPECT_EQ(start(), "dial A 5000");
    under_way();
    EXPECT_EQ(refused(), "give up SC");
}

TEST_F(DialingTest, RetriesAreUsedUpWhereOthersAreLeft) {
    settings.retries = 1;
    with(3);
    start();
    under_way();
    refused();
    under_way();
    EXPECT_EQ(refused(), "give up SC");
}

TEST_F(DialingTest, NoAnswerInTheWholeTimeIsATimeOut) {
    with(1);
    settings.hedge = false;
    start();
    under_way();
    now += 5s;
    EXPECT_EQ(deadline(), "expire");
    EXPECT_EQ(no_answer(), "give up sC");
}

TEST_F(DialingTest, AServerThatTookItAndResetItHasAnswered) {
    with(2);
    start();
    under_way();
    EXPECT_EQ(reset(), "dial B 250");
    under_way();
    EXPECT_EQ(refused(), "give up SC") << "it is not told twice";
}

TEST_F(DialingTest, OneThatIsLostBeforeAByteBeginsAnew) {
    with(2);
    start();
    under_way();
    now += 3s;
    EXPECT_EQ(next({Event::kStart, &candidates->at('A')}), "dial B 250");
    EXPECT_EQ(dialing->clocks().dialed_for(now), 0s);
    under_way();
    EXPECT_EQ(refused(), "give up SC");
}

TEST_F(DialingTest, OneThatIsLostAfterARaceBeginsWithoutTheSlowOne) {
    with(2);
    race();
    EXPECT_EQ(next({Event::kStart, &candidates->at('B')}), "give up SC");
    with(3);
    race();
    EXPECT_EQ(next({Event::kStart, &candidates->at('B')}), "dial C 250");
}

TEST_F(DialingTest, NobodyIsThere) {
    with(0);
    EXPECT_EQ(start(), "give up PQ");
}

// ---- what this host lacks ----

TEST_F(DialingTest, WithoutALocalPortTheNextIsDialed) {
    with(2);
    start();
    EXPECT_EQ(not_dialed(false), "dial B 250");
}

TEST_F(DialingTest, WithoutADescriptorThereIsAPause) {
    with(2);
    start();
    EXPECT_EQ(not_dialed(true), "wait 100");
    EXPECT_FALSE(dialing->has_tried());
    now += 100ms;
    EXPECT_EQ(deadline(), "dial A 250");
    now += 4900ms;
    EXPECT_EQ(not_dialed(true), "wait 0");
    EXPECT_EQ(deadline(), "give up RC");
}

TEST_F(DialingTest, WithoutADescriptorForTheSecondTheFirstGoesOn) {
    with(2);
    start();
    under_way();
    now += 250ms;
    EXPECT_EQ(deadline(), "hedge");
    next({Event::kHedged});
    EXPECT_EQ(not_dialed(true), "until 4750");
}

// ---- two at once ----

TEST_F(DialingTest, ASecondIsDialedBesideOneThatIsSlow) {
    with(2);
    EXPECT_EQ(start(), "dial A 250");
    EXPECT_EQ(under_way(), "until 250");
    now += 250ms;
    EXPECT_EQ(deadline(), "hedge");
    EXPECT_EQ(next({Event::kHedged}), "dial B 4750");
    EXPECT_EQ(under_way(), "until 4750");
    EXPECT_FALSE(dialing->was_alone());
}

TEST_F(DialingTest, WithoutAnotherBackendTheSlowOneHasTheRest) {
    with(1);
    start();
    under_way();
    now += 250ms;
    EXPECT_EQ(deadline(), "hedge");
    EXPECT_EQ(next({Event::kHedged}), "until 4750");
    now += 4750ms;
    EXPECT_EQ(deadline(), "expire");
    EXPECT_EQ(no_answer(Event::kSlowFailed), "give up sC");
}

TEST_F(DialingTest, WithoutADescriptorToSpareItHasHalfOfTheRest) {
    with(2);
    start();
    under_way();
    now += 250ms;
    EXPECT_EQ(deadline(), "hedge");
    EXPECT_EQ(next({Event::kNotHedged}), "until 2375");
    now += 2375ms;
    EXPECT_EQ(deadline(), "expire") << "not hedged twice";
    EXPECT_EQ(no_answer().substr(0, 6), "dial B");
}

TEST_F(DialingTest, TheSlowOneMayFailWhileTheSecondIsDialed) {
    with(3);
    race();
    EXPECT_EQ(refused(Event::kSlowFailed), "nothing");
    EXPECT_EQ(refused().substr(0, 6), "dial C");
}

TEST_F(DialingTest, TheSecondMayFailWhileTheSlowOneIsDialed) {
    with(2);
    race();
    EXPECT_EQ(refused(), "until 4750") << "the slow one may answer";
    EXPECT_EQ(refused(Event::kSlowFailed), "wait 100");
}

TEST_F(DialingTest, TheSlowOneThatWinsWasNotTriedInVain) {
    with(2);
    race();
    EXPECT_TRUE(dialing->has_tried());
    dialing->forgive(candidates->at('A'));
    EXPECT_FALSE(dialing->has_tried());
    EXPECT_FALSE(dialing->was_alone()) << "two were dialed";
}

TEST_F(DialingTest, OnlyAsManyAreDialedAsThereAreRetries) {
    settings.retries = 1;
    with(3);
    start();
    under_way();
    EXPECT_EQ(refused(), "dial B 5000") << "and none beside it";
}

// ---- swaps ----

TEST_F(DialingTest, AConnectWhoseBackendHasLeftIsRaced) {
    with(2);
    start();
    under_way();
    EXPECT_EQ(pool_changed(), "nothing");
    candidates->in_table.erase('A');
    EXPECT_EQ(pool_changed(), "hedge");
    EXPECT_EQ(next({Event::kHedged}).substr(0, 6), "dial B");
    under_way();
    EXPECT_EQ(pool_changed(), "nothing");
}

TEST_F(DialingTest, OneThatFoundNobodyBesideTheSlowOneLooksAgain) {
    with(2);
    candidates->in_table.erase('B');
    start();
    under_way();
    now += 250ms;
    deadline();
    EXPECT_EQ(next({Event::kHedged}), "until 4750");
    candidates->in_table.insert('B');
    EXPECT_EQ(pool_changed().substr(0, 6), "dial B");
}

TEST_F(DialingTest, OneWhoseBackendIsClosedDialsAnother) {
    with(2);
    start();
    under_way();
    candidates->in_table.erase('A');
    EXPECT_EQ(next({Event::kLeft}).substr(0, 6), "dial B");
}

TEST_F(DialingTest, OfTwoThatAreDialedEitherMayBeClosed) {
    with(3);
    race();
    EXPECT_EQ(next({Event::kSlowLeft}), "nothing");
    EXPECT_EQ(next({Event::kLeft}).substr(0, 6), "dial C");
    with(2);
    race();
    EXPECT_EQ(next({Event::kLeft}), "until 4750");
    EXPECT_EQ(next({Event::kSlowLeft}), "wait 100");
}

// ---- the queue ----

TEST_F(DialingTest, WhoComesWaitsForThoseThatCameBefore) {
    with(1);
    candidates->due = true;
    EXPECT_EQ(start(), "wait 5000");
    EXPECT_EQ(dialing->clocks().stage(), core::Stage::kQueue);
    candidates->due = false;
    EXPECT_EQ(turn(), "dial A 250");
}

TEST_F(DialingTest, ForRoomItWaitsOnTheClockOfTheQueue) {
    settings.timeouts.queue = 7s;
    with(1);
    candidates->full = {'A'};
    EXPECT_EQ(start(), "wait 7000");
    now += 6s;
    EXPECT_EQ(turn(), "nothing") << "it is full still";
    candidates->full.clear();
    EXPECT_EQ(turn(), "dial A 250");
    under_way();
    EXPECT_EQ(dialing->clocks().waited_for(now), 6s);
    EXPECT_EQ(dialing->clocks().dialed_for(now), 0s);
}

TEST_F(DialingTest, WhatIsLeftOfEachClockIsKept) {
    settings.timeouts.queue = 7s;
    settings.hedge = false;
    with(1);
    candidates->full = {'A'};
    start();
    now += 2s;
    candidates->full.clear();
    EXPECT_EQ(turn(), "dial A 5000") << "timeouts.connect stood still";
    under_way();
    now += 1s;
    EXPECT_EQ(refused(), "wait 100");
    candidates->full = {'A'};
    now += 100ms;
    EXPECT_EQ(deadline(), "wait 5000") << "and timeouts.queue";
    now += 5s;
    EXPECT_EQ(deadline(), "give up sQ waited");
}

TEST_F(DialingTest, AnUntriedOneThatIsFullIsWaitedForWithPauses) {
    with(2);
    candidates->full = {'B'};
    start();
    under_way();
    EXPECT_EQ(refused(), "wait 100") << "A may be well again before there is room at B";
    now += 100ms;
    EXPECT_EQ(deadline(), "dial A 250");
}

TEST_F(DialingTest, ABackendThatServesAgainIsForgiven) {
    with(1);
    start();
    under_way();
    EXPECT_EQ(refused(), "wait 100");
    EXPECT_EQ(turn(), "nothing");
    dialing->forgive(candidates->at('A'));
    EXPECT_EQ(turn(), "dial A 250");
}

TEST_F(DialingTest, WithEmptyHoldItWaitsForABackend) {
    settings.empty = core::Empty::kHold;
    with(1);
    candidates->in_table.clear();
    EXPECT_EQ(start(), "wait 5000");
    EXPECT_EQ(turn(), "nothing");
    EXPECT_EQ(pool_changed(), "nothing");
    candidates->in_table = {'A'};
    EXPECT_EQ(turn(), "dial A 250");
}

TEST_F(DialingTest, WithEmptyHoldADeadBackendIsTriedToTheEndOfTheQueue) {
    settings.empty = core::Empty::kHold;
    settings.timeouts.queue = 8s;
    with(1);
    std::string said = start();
    const core::Time begin = now;
    for (int i = 0; i < 50 && said.starts_with("dial"); ++i) {
        under_way();
        said = refused();
        if (!said.starts_with("wait")) break;
        now += core::Duration(std::stoi(said.substr(5)));
        said = deadline();
    }
    EXPECT_EQ(said, "give up sQ waited");
    EXPECT_EQ(now - begin, 8s);
}

TEST_F(DialingTest, ASwapMayTakeAwayWhatItWaitsFor) {
    with(1);
    candidates->full = {'A'};
    start();
    candidates->in_table.clear();
    EXPECT_EQ(turn(), "give up PQ");

    settings.empty = core::Empty::kHold;
    with(1);
    candidates->in_table.clear();
    start();
    settings.empty = core::Empty::kRefuse;
    EXPECT_EQ(turn(), "give up PQ");

    with(2);
    start();
    under_way();
    candidates->full = {'B'};
    EXPECT_EQ(refused(), "wait 100");
    settings.retries = 0;
    EXPECT_EQ(turn(), "give up SC");
}

// ---- whatever happens ----

// Random events in any order that the sockets allow: it never hangs without a deadline, never dials
// one that it has tried in vain, and is over in the sum of its two times.
TEST_F(DialingTest, ComesToAnEnd) {
    for (unsigned seed = 1; seed <= 500; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937 random(seed);
        settings = {};
        settings.retries = static_cast<int>(random() % 4);
        settings.empty = random() % 2 == 0 ? core::Empty::kHold : core::Empty::kRefuse;
        settings.hedge = random() % 2 == 0;
        settings.timeouts.queue = core::Duration(random() % 6000);
        with(1 + static_cast<int>(random() % 4));
        const core::Time begin = now;
        const auto longest = settings.timeouts.connect + settings.timeouts.queue;
        bool current = false, slow = false;
        core::Time due = core::Time::max();
        DialEvent event{Event::kStart};
        for (int steps = 0;; ++steps) {
            ASSERT_LT(steps, 5000);
            const DialAction action = dialing->next(event, now);
            ASSERT_LE(now - begin, longest);
            if (action.kind == DialAction::Kind::kGiveUp) break;
            switch (action.kind) {
                case DialAction::Kind::kDial:
                    ASSERT_FALSE(current);
                    if (random() % 5 == 0) {
                        event = {Event::kNotDialed};
                        event.is_for_all = random() % 2 == 0;
                    } else {
                        current = true;
                        event = {Event::kUnderWay};
                    }
                    continue;
                case DialAction::Kind::kHedge:
                    ASSERT_TRUE(current && !slow);
                    event = {random() % 4 == 0 ? Event::kNotHedged : Event::kHedged};
                    if (event.kind == Event::kHedged) {
                        slow = true;
                        current = false;
                    }
                    continue;
                case DialAction::Kind::kExpire:
                    ASSERT_TRUE(current || slow);
                    if (slow && !current) {
                        slow = false;
                        event = {Event::kSlowFailed};
                        continue;
                    }
                    if (slow) {
                        slow = false;
                        ASSERT_EQ(dialing->next({Event::kSlowFailed}, now).kind,
                                  DialAction::Kind::kNothing);
                    }
                    current = false;
                    event = {Event::kFailed};
                    continue;
                case DialAction::Kind::kWait:
                    ASSERT_FALSE(current || slow);
                    due = action.until;
                    break;
                case DialAction::Kind::kUntil: due = action.until; break;
                default: break;
            }
            ASSERT_NE(due, core::Time::max());
            // The next thing that happens.
            const char one = static_cast<char>('A' + random() % candidates->known.size());
            switch (random() % 8) {
                case 0: candidates->full.insert(one); break;
                case 1: candidates->full.erase(one); break;
                case 2: candidates->in_table.erase(one); break;
                case 3: candidates->in_table.insert(one); break;
                default: break;
            }
            const auto choice = random() % 5;
            if (choice == 0 && current) {
                current = false;
                event = {random() % 3 == 0 ? Event::kLeft : Event::kFailed};
            } else if (choice == 1 && slow) {
                slow = false;
                event = {random() % 3 == 0 ? Event::kSlowLeft : Event::kSlowFailed};
            } else if (choice == 2 && dialing->waits()) {
                event = {Event::kTurn};
            } else if (choice == 3 && !dialing->waits()) {
                event = {Event::kPoolChanged};
            } else {
                now = std::max(now, due);
                event = {Event::kDeadline};
            }
        }
    }
}
