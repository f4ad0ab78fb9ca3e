#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> as_text(const std::vector<AmbassadorPlace>& places) {
    std::vector<std::string> all;
    for (const AmbassadorPlace& place : places)
        all.push_back(place.to_string());
    return all;
}

struct Places : testing::Test {
    Snapshot snapshot{{}, {""}, {}};
    FleetChanges found() { return changes(snapshot, places(snapshot, false)); }
};

TEST_F(Places, AreOneForEachNameOfEachRunningClient) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}, {"rng", "127.127.0.3"}}),
                        client("worker", {{"redis", "127.127.0.2"}, {"other", "10.0.0.1"}}),
                        client("stopped", {{"redis", "127.127.0.2"}}), client("none", {})};
    snapshot.members[2].container.status = "exited";
    EXPECT_THAT(as_text(places(snapshot, false)),
                ElementsAre("web/redis", "web/rng", "worker/redis"));
    EXPECT_THAT(as_text(places(snapshot, true)), ElementsAre("web/redis,rng", "worker/redis"));
}

TEST_F(Places, CountOnlyAddressesOfAmbassadors) {
    snapshot.members = {client("web", {{"a", "127.128.0.2"},
                                       {"b", "127.0.0.1"},
                                       {"c", "::1"},
                                       {"d", "host-gateway"},
                                       {"e", "127.127.255.254"},
                                       {"e", "127.127.0.9"}})};
    EXPECT_THAT(as_text(places(snapshot, false)), ElementsAre("web/e"));
    EXPECT_EQ(places(snapshot, false)[0].names[0].bind, "127.127.255.254");
}

TEST_F(Places, ThatAreFilledAreKept) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}, {"rng", "127.127.0.3"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    EXPECT_EQ(found().kept, 1u);
    EXPECT_THAT(as_text(found().missing), ElementsAre("web/rng"));
    EXPECT_THAT(found().orphans, IsEmpty());
    EXPECT_THAT(found().stale, IsEmpty());
}

TEST_F(Places, OfTheClientThatWasStartedLastAreFilledFirst) {
    snapshot.members = {client("a", {{"x", "127.127.0.2"}}),
                        client("b", {{"x", "127.127.0.2"}, {"y", "127.127.0.3"}}),
                        client("c", {{"x", "127.127.0.2"}})};
    snapshot.members[1].container.started_us += 2;
    snapshot.members[2].container.started_us += 1;
    EXPECT_THAT(as_text(found().missing), ElementsAre("b/x", "b/y", "c/x", "a/x"));
}

// The Engine starts it again and again with a table that it cannot have.
TEST_F(Places, OfOneThatItsTableEndsAreFilledAnew) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    snapshot.ambassadors[0].container.command = {"run"};
    snapshot.ambassadors[0].container.status = "restarting";
    EXPECT_EQ(found().kept, 1u);
    snapshot.ambassadors[0].container.command = {"run", "127.127.0.2:6379", "10.0.0.1:6379"};
    ASSERT_THAT(found().refused, SizeIs(1));
    EXPECT_EQ(found().refused[0].ambassador, &snapshot.ambassadors[0]);
    EXPECT_EQ(found().refused[0].place.to_string(), "web/redis");
    EXPECT_THAT(found().missing, IsEmpty());
    EXPECT_THAT(found().orphans, IsEmpty());
    snapshot.ambassadors[0].container.status = "running";
    EXPECT_EQ(found().kept, 1u);
    EXPECT_THAT(found().refused, IsEmpty());
}

TEST_F(Places, OfAClientThatWasStartedAgainHaveStaleAmbassadors) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    snapshot.members[0].container.started_us += 5'000'000;
    EXPECT_THAT(found().stale, ElementsAre(&snapshot.ambassadors[0]));
    EXPECT_THAT(found().missing, IsEmpty());
}

TEST_F(Places, HaveStaleAmbassadorsThatDoNotRun) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    snapshot.ambassadors[0].container.status = "exited";
    EXPECT_THAT(found().stale, SizeIs(1));
    snapshot.ambassadors[0].container.status = "restarting";
    EXPECT_THAT(found().stale, IsEmpty()) << "the Engine does it";
}

TEST_F(Places, OfAStoppedClientKeepTheirAmbassador) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    snapshot.members[0].container.status = "exited";
    EXPECT_EQ(found().kept, 1u);
    EXPECT_THAT(found().orphans, IsEmpty());
}

TEST_F(Places, ThatAreGoneLeaveOrphans) {
    const FleetContainer gone = client("gone", {{"redis", "127.127.0.2"}});
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.ambassadors = {ambassador(gone, "redis", "127.127.0.2"),
                            ambassador(snapshot.members[0], "redis", "127.127.0.7"),
                            ambassador(snapshot.members[0], "rng", "127.127.0.3"),
                            ambassador(snapshot.members[0], "redis", "127.127.0.2"),
                            ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    EXPECT_THAT(found().orphans, ElementsAre(&snapshot.ambassadors[0], &snapshot.ambassadors[1],
                                             &snapshot.ambassadors[2], &snapshot.ambassadors[4]));
    EXPECT_EQ(found().kept, 1u);
    EXPECT_THAT(found().missing, IsEmpty());
}

// When ambassadors for each name become ambassadors for each client, the old ones go.
TEST_F(Places, OfTheOtherKindReplaceThem) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}, {"rng", "127.127.0.3"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    const FleetChanges change = changes(snapshot, places(snapshot, true));
    EXPECT_THAT(change.orphans, SizeIs(1));
    EXPECT_THAT(as_text(change.missing), ElementsAre("web/redis,rng"));
}

// A short id on another Engine is another container.
TEST_F(Places, AreOfTheirOwnEngine) {
    snapshot.addresses = {"", ""};
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    snapshot.ambassadors[0].site = 1;
    EXPECT_THAT(found().orphans, SizeIs(1));
    EXPECT_THAT(found().missing, SizeIs(1));
}

// Nothing is planned on an Engine that does not answer.
TEST_F(Places, OfAnEngineThatDoesNotAnswerAreNobodysBusiness) {
    snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
    snapshot.silent = {0};
    EXPECT_THAT(found().missing, IsEmpty());
    snapshot.silent = {1};
    EXPECT_THAT(found().missing, SizeIs(1));
}

TEST(NamesOfAnAmbassador, ArePairsOfItsLabels) {
    docker::Container container;
    container.labels = {{kNameLabel, "redis,rng"}, {kBindLabel, "127.127.0.2,127.127.0.3"}};
    EXPECT_THAT(names_of(container),
                ElementsAre(ServedName{"redis", "127.127.0.2"}, ServedName{"rng", "127.127.0.3"}));
    container.labels = {};
    EXPECT_THAT(names_of(container), IsEmpty());
}

}  // namespace
}  // namespace amba::fleet
