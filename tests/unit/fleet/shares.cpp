#include "amba/fleet/shares.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace amba::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(Split, IsVersionsWithShares) {
    const auto split = parse_split("blue:90,green:10");
    ASSERT_TRUE(split);
    EXPECT_THAT(*split, ElementsAre(Pair("blue", 90u), Pair("green", 10u)));
    EXPECT_EQ(to_string(*split), "blue:90,green:10");
    EXPECT_TRUE(parse_split("rng-v2.1_a:0"));
}

TEST(Split, ThatIsWrongQuotesThePart) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "\"\": expected VERSION:SHARE"},
        {"blue", "\"blue\": expected VERSION:SHARE"},
        {"blue:", "\"blue:\": expected a share"},
        {"blue:x", "\"blue:x\": expected a share"},
        {"blue:-1", "\"blue:-1\": expected a share"},
        {"blue:1.5", "expected a share"},
        {"blue:1000001", "expected a share from 0 to 1000000"},
        {":5", "expected VERSION:SHARE"},
        {"blue:1,", "\"\": expected VERSION:SHARE"},
        {"blue:1,blue:2", "\"blue:2\": expected each version once"},
        {"a b:1", "expected VERSION:SHARE"}};
    for (const auto& [text, reason] : cases) {
        const auto split = parse_split(text);
        ASSERT_FALSE(split) << text;
        EXPECT_THAT(split.error().reason, HasSubstr(reason)) << text;
    }
}

TEST(Weights, OfOneContainerEachAreTheSharesMadeSmall) {
    const Weights found = weights({{"blue", 90}, {"green", 10}}, {{"blue", 1}, {"green", 1}});
    EXPECT_TRUE(found.exact);
    EXPECT_THAT(found.of, ElementsAre(Pair("blue", 9), Pair("green", 1)));
}

// Three blue ones with 3 each and one green one with 1: nine to one.
TEST(Weights, AreExactForAnyNumberOfContainers) {
    const Weights found = weights({{"blue", 90}, {"green", 10}}, {{"blue", 3}, {"green", 1}});
    EXPECT_TRUE(found.exact);
    EXPECT_THAT(found.of, ElementsAre(Pair("blue", 3), Pair("green", 1)));
    const Weights odd = weights({{"blue", 90}, {"green", 10}}, {{"blue", 7}, {"green", 3}});
    EXPECT_TRUE(odd.exact);
    EXPECT_EQ(odd.of.at("blue") * 7 * 10, odd.of.at("green") * 3 * 90);
}

TEST(Weights, BeyondTheGreatestAreTheNearestAndSaySo) {
    const Weights found = weights({{"blue", 999}, {"green", 1}}, {{"blue", 1}, {"green", 1}});
    EXPECT_FALSE(found.exact);
    EXPECT_THAT(found.of, ElementsAre(Pair("blue", 256), Pair("green", 1)));
}

TEST(Weights, OfNoShareAndOfNoNameAreZero) {
    const Weights found =
        weights({{"blue", 100}, {"green", 0}}, {{"blue", 2}, {"green", 2}, {"red", 1}});
    EXPECT_TRUE(found.exact);
    EXPECT_THAT(found.of, ElementsAre(Pair("blue", 1), Pair("green", 0), Pair("red", 0)));
}

TEST(Weights, OfLargePrimeCountsStayInRange) {
    const Weights found = weights({{"a", 1'000'000}, {"b", 999'999}, {"c", 1}},
                                  {{"a", 65'521}, {"b", 65'519}, {"c", 65'497}});
    for (const auto& [version, weight] : found.of) {
        EXPECT_GE(weight, 1) << version;
        EXPECT_LE(weight, 256) << version;
    }
}

}  // namespace
}  // namespace amba::fleet
