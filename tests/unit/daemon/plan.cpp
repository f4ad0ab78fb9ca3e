#include "daemon/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/table/words.hpp"

using namespace amba;
using testing::ElementsAre;

namespace {

core::Endpoint at(std::uint8_t last) {
    return {core::Address::v4({10, 0, 0, last}), 6379};
}

table::Frontend frontend(const std::string& line) {
    return table::parse_words(table::split_words({line + " "})).value().frontends[0];
}

// "ADDRESS WEIGHT", with "b" behind it for a backup.
std::vector<std::string> targets(const std::string& line,
                                 const std::vector<names::ResolvedPlace>& places) {
    std::vector<std::string> out;
    const auto own = [](const core::Endpoint& endpoint) {
        return endpoint == at(9);
    };
    const auto where = [&](const names::BackendName&) {
        return places;
    };
    for (const auto& target : daemon::targets_of(frontend(line), where, own)) {
        out.push_back(target.endpoint.address.to_string().substr(7) + " " +
                      std::to_string(target.weight) + (target.backup ? "b" : ""));
    }
    return out;
}

TEST(TargetsOf, AHostsAddressesHaveItsWeightEach) {
    EXPECT_THAT(targets("80 a:6379 weight=256", {{at(1)}, {at(2)}}), ElementsAre("1 256", "2 256"));
    EXPECT_THAT(targets("80 a:6379 weight=0 backup=true", {{at(1)}}), ElementsAre("1 0b"));
}

TEST(TargetsOf, AServicesWeightsAreTheRecordsTimesTheTables) {
    const std::vector<names::ResolvedPlace> places{{at(1), 10}, {at(2), 30}, {at(3), 5, true}};
    EXPECT_THAT(targets("80 srv:a", places), ElementsAre("1 10", "2 30", "3 5b"));
    EXPECT_THAT(targets("80 srv:a weight=3", places), ElementsAre("1 30", "2 90", "3 15b"));
    EXPECT_THAT(targets("80 srv:a weight=0", places), ElementsAre("1 0", "2 0", "3 0b"));
    EXPECT_THAT(targets("80 srv:a backup=true", places), ElementsAre("1 10b", "2 30b", "3 5b"));
}

TEST(TargetsOf, LargeWeightsKeepTheirRatioAndNoneBecomesZero) {
    EXPECT_THAT(targets("80 srv:a", {{at(1), 65535}, {at(2), 32768}, {at(3), 1}}),
                ElementsAre("1 256", "2 128", "3 1"));
    EXPECT_THAT(targets("80 srv:a weight=256", {{at(1), 1}, {at(2), 4}, {at(3), 7, true}}),
                ElementsAre("1 64", "2 256", "3 256b"));
    EXPECT_THAT(targets("80 srv:a", {{at(1), 3}, {at(2), 1000, true}, {at(3), 500, true}}),
                ElementsAre("1 3", "2 256b", "3 128b"))
        << "backups have a scale of their own";
}

TEST(TargetsOf, NeverItself) {
    EXPECT_THAT(targets("80 srv:a", {{at(1)}, {at(9)}}), ElementsAre("1 1"));
}

TEST(TargetsOf, OriginIsWhatTheTableHas) {
    const auto where = [](const names::BackendName& name) {
        return std::vector<names::ResolvedPlace>{{at(name.service ? 1 : 2)}};
    };
    const auto nobody = [](const core::Endpoint&) {
        return false;
    };
    const auto found = daemon::targets_of(frontend("80 srv:a b:6379 10.0.0.3:6379"), where, nobody);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].origin, "srv:a");
    EXPECT_EQ(found[1].origin, "b:6379");
    EXPECT_EQ(found[2].origin, "10.0.0.3:6379");
}

TEST(NamesOf, EachOnceWithTheShortestTime) {
    const auto table = table::parse_words(table::split_words(
        {"80 resolve=9s a:1 srv:a b:1 + 81 resolve=3s a:1 srv:a + 82 10.0.0.1:1 "}));
    std::vector<std::string> seen;
    for (const auto& name : daemon::names_of(*table))
        seen.push_back(name.key() + " " + core::to_string(name.resolve));
    EXPECT_THAT(seen, ElementsAre("a:1 3s", "b:1 9s", "srv:a 3s"));
}

}  // namespace
