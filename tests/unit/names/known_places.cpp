// What is known of a name over answers, denials and silence, second by second.
#include "names/known_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace amba;
using namespace amba::names;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr Hold kKeep = std::nullopt;

class KnownPlacesTest : public testing::Test {
  protected:
    static core::Endpoint at(int last) {
        return {core::Address::v4({10, 0, 0, static_cast<std::uint8_t>(last)}), 6379};
    }
    static core::Time second(int n) { return core::Time(1h) + std::chrono::seconds(n); }
    void answer(int when, const std::vector<int>& lasts) {
        std::vector<ResolvedPlace> places;
        for (const int last : lasts)
            places.push_back({at(last)});
        known.answered(places, false, false, second(when));
        known.forget(holds);
    }
    void deny(int when) {
        known.denied(second(when));
        known.forget(holds);
    }
    // The last byte of each address, negative when it takes no new connections.
    std::vector<int> seen(Hold hold = 30s) const {
        std::vector<int> out;
        for (const ResolvedPlace& place : known.places(hold)) {
            const int last = place.endpoint.address.bytes()[3];
            out.push_back(place.leaving ? -last : last);
        }
        return out;
    }
    std::optional<int> next_end() const {
        const auto end = known.next_end(holds);
        if (!end) return std::nullopt;
        return static_cast<int>((*end - second(0)) / 1s);
    }

    KnownPlaces known;
    std::vector<Hold> holds{Hold(30s)};
};

TEST_F(KnownPlacesTest, WhatAnAnswerLacksTakesNothingNewAndIsGoneAfterItsHold) {
    answer(0, {1, 2});
    EXPECT_THAT(seen(), ElementsAre(1, 2));
    EXPECT_EQ(next_end(), std::nullopt);
    answer(10, {2, 3});
    EXPECT_THAT(seen(), ElementsAre(-1, 2, 3));
    EXPECT_EQ(next_end(), 40);
    answer(39, {2, 3});
    EXPECT_THAT(seen(), ElementsAre(-1, 2, 3));
    answer(40, {2, 3});
    EXPECT_THAT(seen(), ElementsAre(2, 3));
    EXPECT_EQ(next_end(), std::nullopt);
}

TEST_F(KnownPlacesTest, WhatComesBackServesAgain) {
    answer(0, {1, 2});
    answer(5, {2});
    answer(10, {1, 2});
    EXPECT_THAT(seen(), ElementsAre(1, 2));
    answer(20, {2});
    answer(45, {2});
    EXPECT_THAT(seen(), ElementsAre(-1, 2)) << "its time begins anew";
}

TEST_F(KnownPlacesTest, WhatIsDeniedServesUntilItsHoldIsOver) {
    answer(0, {1, 2});
    deny(100);
    EXPECT_THAT(seen(), ElementsAre(1, 2));
    EXPECT_EQ(next_end(), 130);
    deny(129);
    EXPECT_THAT(seen(), ElementsAre(1, 2));
    deny(130);
    EXPECT_THAT(seen(), IsEmpty());
    EXPECT_TRUE(known.empty());
    EXPECT_EQ(next_end(), std::nullopt);
}

TEST_F(KnownPlacesTest, AnAnswerAfterADenialBeginsAnew) {
    answer(0, {1});
    deny(10);
    answer(20, {1});
    deny(45);
    EXPECT_THAT(seen(), ElementsAre(1));
    answer(50, {2});
    EXPECT_THAT(seen(), ElementsAre(-1, 2));
    EXPECT_EQ(next_end(), 80);
}

TEST_F(KnownPlacesTest, SilenceEndsNoHold) {
    answer(0, {1, 2});
    answer(1, {2});
    deny(2);
    // Nobody answers for an hour.
    EXPECT_THAT(seen(), ElementsAre(-1, 2));
    answer(3600, {2});
    EXPECT_THAT(seen(), ElementsAre(2));
}

TEST_F(KnownPlacesTest, EachHoldIsItsOwn) {
    holds = {Hold(5s), Hold(0s), Hold(60s), kKeep};
    answer(0, {1, 2});
    answer(10, {2});
    EXPECT_THAT(seen(5s), ElementsAre(-1, 2));
    EXPECT_THAT(seen(0s), ElementsAre(2));
    answer(15, {2});
    EXPECT_EQ(next_end(), 40);
    EXPECT_THAT(seen(5s), ElementsAre(2));
    EXPECT_THAT(seen(60s), ElementsAre(-1, 2));
    EXPECT_THAT(seen(kKeep), ElementsAre(-1, 2));
    answer(40, {2});
    EXPECT_THAT(seen(60s), ElementsAre(-1, 2));
    EXPECT_THAT(seen(kKeep), ElementsAre(2)) << "others have taken its place";
    deny(50);
    EXPECT_THAT(seen(0s), IsEmpty());
    deny(3600);
    EXPECT_THAT(seen(60s), IsEmpty());
    EXPECT_THAT(seen(kKeep), ElementsAre(2)) << "while the name has no other";
}

// The name gives three of twelve places each time: from the second round on all twelve serve,
// whatever an answer leaves out.
TEST_F(KnownPlacesTest, ANameThatGivesAFewEachTimeHasThemAll) {
    const auto few = [](int n) {
        return std::vector<int>{n * 3 % 12 + 1, n * 3 % 12 + 2, n * 3 % 12 + 3};
    };
    int n = 0;
    for (; !known.takes_turns(); ++n) {
        ASSERT_LT(n, 10);
        answer(n, few(n));
    }
    const auto all = ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    for (const int end = n + 100; n < end; ++n) {
        answer(n, few(n));
        ASSERT_THAT(seen(), all) << n;
    }
    // Then it gives three for good.
    answer(n, {1, 2, 3});
    EXPECT_THAT(seen(), all);
    answer(n + 40, {1, 2, 3});
    EXPECT_THAT(seen(), ElementsAre(1, 2, 3));
    answer(n + 50, {2, 3, 4});
    EXPECT_THAT(seen(), ElementsAre(-1, 2, 3, 4)) << "it takes turns no more";
}

// A name that moves back, and servers that are restarted one after the other.
TEST_F(KnownPlacesTest, MovingThereAndBackIsNotTakingTurns) {
    for (int i = 0; i < 20; i += 2) {
        answer(i, {i % 4 < 2 ? 1 : 2});
        answer(i + 1, {i % 4 < 2 ? 1 : 2});
        EXPECT_FALSE(known.takes_turns());
    }
    for (int i = 20; i < 40; i += 2) {
        answer(i, i % 4 < 2 ? std::vector{1, 3} : std::vector{2, 3});
        answer(i + 1, {1, 2, 3});
        EXPECT_FALSE(known.takes_turns());
    }
}

TEST_F(KnownPlacesTest, OneThatTookItsTurnAndCannotBeConnectedToIsNotWaitedFor) {
    for (int n = 0; !known.takes_turns(); ++n)
        answer(n, {n % 3 + 1});
    answer(9, {1});
    EXPECT_THAT(seen(), ElementsAre(1, 2, 3));
    known.failed(at(1));
    known.failed(at(2));
    known.failed(at(77));
    answer(10, {1});
    EXPECT_THAT(seen(), ElementsAre(1, 3)) << "1 is in the answer, 2 is not";
    answer(11, {2});
    answer(12, {1});
    EXPECT_THAT(seen(), ElementsAre(1, 2, 3)) << "2 came back";
}

TEST_F(KnownPlacesTest, WhatIsUnknownOfOneFamilyStays) {
    const core::Endpoint six{*core::Address::parse("fd00::5"), 6379};
    known.answered({{at(1)}, {six}}, false, false, second(0));
    known.answered({{at(2)}}, false, true, second(1));
    EXPECT_THAT(known.places(30s), ElementsAre(ResolvedPlace{at(1), 1, false, true},
                                               ResolvedPlace{at(2)}, ResolvedPlace{six}));
    known.answered({{at(2)}}, false, false, second(2));
    EXPECT_THAT(known.places(30s),
                ElementsAre(ResolvedPlace{at(1), 1, false, true}, ResolvedPlace{at(2)},
                            ResolvedPlace{six, 1, false, true}));
}

}  // namespace
