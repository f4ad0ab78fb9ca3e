// Which ambassadors are to be replaced, from what the Engine says alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kSecond = 1'000'000;

std::vector<std::string> ids(const std::vector<const FleetContainer*>& all) {
    std::vector<std::string> out;
    for (const FleetContainer* one : all)
        out.push_back(one->container.id.substr(0, one->container.id.find('0')));
    return out;
}
std::vector<std::string> ids(const std::vector<FleetContainer>& all) {
    std::vector<const FleetContainer*> out;
    for (const FleetContainer& one : all)
        out.push_back(&one);
    return ids(out);
}

struct Upgrades : testing::Test {
    Upgrades() : web(client("web", {{"redis", "127.127.0.2"}})) {
        old = ambassador(web, "redis", "127.127.0.2");
        old.container.id = id("old-ambassador-");
        old.container.restart_policy = "unless-stopped";
        old.outdated = true;
        next = old;
        next.outdated = false;
        next.container.id = id("next-ambassador-");
        next.container.restart_policy = "no";
        next.container.labels[kReplacesLabel] = docker::short_id(old.container.id);
        next.container.created_us = 100 * kSecond;
    }
    void look(std::vector<FleetContainer> ambassadors) {
        Picture picture;
        picture.ambassadors = std::move(ambassadors);
        set_aside(picture);
        snapshot = Snapshot();
        snapshot.add(std::move(picture));
        plan = upgrades(snapshot, now_us);
    }

    FleetContainer web, old, next;
    Snapshot snapshot;
    FleetUpgrades plan;
    std::int64_t now_us = 101 * kSecond;
};

TEST_F(Upgrades, AreOfThoseThatRunWithAnotherImage) {
    look({old});
    EXPECT_THAT(ids(plan.outdated), ElementsAre("old-ambassador-"));
    EXPECT_THAT(snapshot.aside, IsEmpty());
    old.outdated = false;
    look({old});
    EXPECT_THAT(plan.outdated, IsEmpty());
    old.outdated = true;
    old.container.status = "exited";
    look({old});
    EXPECT_THAT(plan.outdated, IsEmpty());
}

TEST_F(Upgrades, LeaveThoseOfComposeToCompose) {
    old.container.labels[kComposeProject] = "app";
    look({old});
    EXPECT_THAT(plan.outdated, IsEmpty());
}

// Whoever began with it: a controller that was killed, or another one.
TEST_F(Upgrades, AreNotBegunTwice) {
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("old-ambassador-"));
    EXPECT_THAT(ids(snapshot.aside), ElementsAre("next-ambassador-"));
    EXPECT_THAT(plan.outdated, IsEmpty());
    EXPECT_THAT(plan.finished, IsEmpty());
    EXPECT_THAT(plan.proven, IsEmpty());
    next.container.status = "created";
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("old-ambassador-"));
    EXPECT_THAT(plan.outdated, IsEmpty());
}

TEST_F(Upgrades, AreDoneWhenTheOldOneHasEnded) {
    old.container.status = "exited";
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("next-ambassador-"));
    EXPECT_THAT(ids(plan.proven), ElementsAre("next-ambassador-"));
    EXPECT_THAT(ids(plan.finished), ElementsAre("old-ambassador-"));
    look({next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("next-ambassador-"));
    EXPECT_THAT(ids(plan.proven), ElementsAre("next-ambassador-"));
}

TEST_F(Upgrades, AreDoneAfterTheTimeOfATrial) {
    now_us = next.container.created_us + 121 * kSecond;
    look({old, next});
    EXPECT_THAT(ids(plan.proven), ElementsAre("next-ambassador-"));
    next.container.restart_policy = "unless-stopped";
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("next-ambassador-"));
    EXPECT_THAT(ids(snapshot.aside), ElementsAre("old-ambassador-"));
    EXPECT_THAT(plan.proven, IsEmpty());
    EXPECT_THAT(plan.finished, IsEmpty()) << "its connections go on";
    EXPECT_THAT(plan.outdated, IsEmpty());
    old.container.status = "exited";
    look({old, next});
    EXPECT_THAT(ids(plan.finished), ElementsAre("old-ambassador-"));
}

// It is kept with its log for a while, and then, or with another image, it is tried again.
TEST_F(Upgrades, ThatHaveFailed) {
    next.container.status = "exited";
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("old-ambassador-"));
    EXPECT_THAT(plan.outdated, IsEmpty());
    EXPECT_THAT(plan.finished, IsEmpty());
    FleetContainer another = old;
    another.container.id = id("another-ambassador-");
    look({old, next, another});
    EXPECT_THAT(plan.outdated, IsEmpty()) << "where one could not, others need not try";
    another.site = 1;
    look({old, next, another});
    EXPECT_THAT(ids(plan.outdated), ElementsAre("another-ambassador-"));
    now_us = next.container.created_us + 601 * kSecond;
    look({old, next});
    EXPECT_THAT(ids(plan.finished), ElementsAre("next-ambassador-"));
    now_us = 101 * kSecond;
    next.outdated = true;
    look({old, next});
    EXPECT_THAT(ids(plan.finished), ElementsAre("next-ambassador-"));
    next.outdated = false;
    next.container.status = "created";  // it could not even be started
    look({old, next});
    EXPECT_THAT(plan.outdated, IsEmpty());
    EXPECT_THAT(plan.finished, IsEmpty());
    look({next});
    EXPECT_THAT(ids(plan.finished), ElementsAre("next-ambassador-")) << "the other one is gone";
}

// The next image comes while the one before last still has connections.
TEST_F(Upgrades, OneAfterTheOther) {
    next.container.restart_policy = "unless-stopped";
    next.outdated = true;
    FleetContainer third = next;
    third.container.id = id("third-ambassador-");
    third.container.labels[kReplacesLabel] = docker::short_id(next.container.id);
    look({old, next});
    EXPECT_THAT(ids(plan.outdated), ElementsAre("next-ambassador-"));
    look({old, next, third});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("third-ambassador-"));
    EXPECT_THAT(ids(snapshot.aside), ElementsAre("old-ambassador-", "next-ambassador-"));
}

// One that serves and was killed is started again, whoever is left beside it.
TEST_F(Upgrades, OfOneThatDoesNotRunAnyMore) {
    next.container.restart_policy = "unless-stopped";
    next.container.status = "exited";
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("next-ambassador-"));
    snapshot.members = {web};
    EXPECT_THAT(ids(changes(snapshot, places(snapshot, false)).stale),
                ElementsAre("next-ambassador-"));
}

TEST_F(Upgrades, AreOfOneEngine) {
    next.site = 1;
    next.container.restart_policy = "unless-stopped";
    look({old, next});
    EXPECT_THAT(ids(snapshot.ambassadors), ElementsAre("old-ambassador-", "next-ambassador-"));
}

}  // namespace
}  // namespace amba::fleet
