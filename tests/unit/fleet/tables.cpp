#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/table/words.hpp"
#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// One client with the name redis, and its ambassador.
struct Tables : testing::Test {
    Tables() {
        snapshot.members = {client("web", {{"redis", "127.127.0.2"}})};
        snapshot.ambassadors = {ambassador(snapshot.members[0], "redis", "127.127.0.2")};
    }
    docker::Container& add(FleetContainer member) {
        snapshot.members.push_back(std::move(member));
        return snapshot.members.back().container;
    }
    docker::Container& web() { return snapshot.members[0].container; }
    Assignment only() {
        auto all = assignments(snapshot);
        EXPECT_THAT(all, SizeIs(1));
        return all.at(0);
    }
    std::string said(const table::Table* current = nullptr) {
        std::string text;
        for (const std::string& word : words(only(), current))
            text += (text.empty() ? "" : " ") + word;
        return text;
    }
    Snapshot snapshot{{}, {"", "192.0.2.7"}, {}};
};

TEST_F(Tables, HaveEveryContainerOfTheService) {
    add(member("redis", "redis_1", "172.18.0.2", {6379}));
    add(member("redis", "redis_2", "172.18.0.3", {6379}));
    add(member("rng", "rng_1", "172.18.0.4", {80}));
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379 172.18.0.3:6379");
    EXPECT_THAT(only().remarks, IsEmpty());
}

TEST_F(Tables, HaveAFrontendForEachPort) {
    add(member("redis", "redis_1", "172.18.0.2", {6379, 16379}));
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379 + 127.127.0.2:16379 172.18.0.2:16379");
}

TEST_F(Tables, LeaveOutWhoCannotBeGivenConnections) {
    add(member("redis", "sick", "172.18.0.2", {6379})).health = docker::Health::kUnhealthy;
    add(member("redis", "dead", "172.18.0.3", {6379})).status = "exited";
    add(member("redis", "paused", "172.18.0.4", {6379})).status = "paused";
    add(member("redis", "starts", "172.18.0.5", {6379})).health = docker::Health::kStarting;
    add(member("redis", "good", "172.18.0.6", {6379})).health = docker::Health::kHealthy;
    add(member("redis", "leaves", "172.18.0.7", {6379}));
    snapshot.members.back().stopping = true;
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.6:6379");
    snapshot.members[5].container.status = "exited";
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.5:6379") << "one that starts is better than none";
    snapshot.members[4].container.status = "exited";
    EXPECT_EQ(said(), "127.127.0.2:6379");
    EXPECT_THAT(only().remarks, ElementsAre("no container of redis is usable"));
}

TEST_F(Tables, AreOfTheProjectOfTheClient) {
    add(member("redis", "redis_1", "172.18.0.2", {6379})).labels[kComposeProject] = "other";
    EXPECT_EQ(said(), "");
    EXPECT_THAT(only().remarks, ElementsAre("there is no container of redis"));
}

TEST_F(Tables, KeepTheFrontendsOfAServiceThatIsGone) {
    const auto current =
        table::parse_words({"127.127.0.2:6379", "10.0.0.1:6379", "+", "127.127.0.22:80", "b:80"});
    ASSERT_TRUE(current);
    EXPECT_EQ(said(&*current), "127.127.0.2:6379");
}

TEST_F(Tables, FollowTheLabelOfALinkWithAnAlias) {
    web().labels[std::string(kLinkLabel) + "redis"] = "cache";
    add(member("cache", "cache_1", "172.18.0.2", {6379}));
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379");
}

TEST_F(Tables, TakeIPv6WhereThereIsNoIPv4) {
    auto& redis = add(member("redis", "redis_1", "", {6379}));
    redis.attachments[0].address6 = "fd00::2";
    EXPECT_EQ(said(), "127.127.0.2:6379 [fd00::2]:6379");
}

TEST_F(Tables, TakeThePublishedPortWhereNoNetworkIsShared) {
    auto& redis = add(member("redis", "redis_1", "172.19.0.2", {6379}));
    redis.attachments[0].network_id = "net2";
    redis.published = {{6379, "0.0.0.0", 32768}, {6379, "::", 32769}};
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.1:32768") << "by the gateway of the client";
    redis.published = {{6379, "192.0.2.1", 32768}};
    EXPECT_EQ(said(), "127.127.0.2:6379 192.0.2.1:32768");
    redis.published = {{6379, "127.0.0.1", 32768}};
    EXPECT_EQ(said(), "127.127.0.2:6379");
    EXPECT_THAT(only().remarks, ElementsAre(HasSubstr("redis_1 shares no network with web")));
    web().network_mode = "host";
    EXPECT_EQ(said(), "127.127.0.2:6379 172.19.0.2:6379") << "the host is on every bridge";
}

TEST_F(Tables, OfAClientInAnothersNamespaceAreThoseOfTheOther) {
    web().network_mode = "container:" + id("pause");
    web().attachments.clear();
    add(member("pause", "pause", "172.18.0.50"));
    add(member("redis", "redis_1", "172.18.0.2", {6379}));
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379");
}

TEST_F(Tables, OfAServerOnTheHostNameTheGateway) {
    auto& redis = add(member("redis", "redis_1", "", {6379}));
    redis.network_mode = "host";
    redis.attachments = {{"hostnet", "host", "", "", "", ""}};
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.1:6379");
    web().network_mode = "host";
    web().attachments = redis.attachments;
    EXPECT_EQ(said(), "127.127.0.2:6379 127.0.0.1:6379");
}

TEST_F(Tables, ReachAnotherEngineByItsPublishedPorts) {
    auto& redis = add(member("redis", "redis_1", "172.18.0.2", {6379}));
    snapshot.members.back().site = 1;
    redis.published = {{6379, "0.0.0.0", 32768}};
    EXPECT_EQ(said(), "127.127.0.2:6379 192.0.2.7:32768") << "not by a network of the same id";
    snapshot.addresses[1].clear();
    EXPECT_EQ(said(), "127.127.0.2:6379");
}

TEST_F(Tables, CarryTheOptionsOfTheService) {
    add(member("redis", "redis_1", "172.18.0.2", {6379})).labels[kOptionsLabel] =
        " balance=leastconn  check=redis ";
    EXPECT_EQ(said(), "127.127.0.2:6379 balance=leastconn check=redis 172.18.0.2:6379");
}

TEST_F(Tables, ShareByVersion) {
    add(member("redis", "blue_1", "172.18.0.2", {6379})).labels[kVersionLabel] = "blue";
    add(member("redis", "blue_2", "172.18.0.3", {6379})).labels[kVersionLabel] = "blue";
    add(member("redis-next", "next_1", "172.18.0.4", {6379})).labels[kServesLabel] = "redis";
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379 172.18.0.3:6379 172.18.0.4:6379");
    snapshot.splits[{"app", "redis"}] = {{"blue", 80}, {"redis-next", 20}};
    EXPECT_EQ(said(),
              "127.127.0.2:6379 172.18.0.2:6379 weight=2 172.18.0.3:6379 weight=2 "
              "172.18.0.4:6379");
}

// Services as versions need no label.
TEST_F(Tables, ShareBetweenServicesThatTheSplitNames) {
    add(member("redis", "old", "172.18.0.2", {6379}));
    add(member("redis-next", "new", "172.18.0.3", {6379}));
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379");
    snapshot.splits[{"app", "redis"}] = {{"redis", 1}, {"redis-next", 0}};
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379 172.18.0.3:6379 weight=0");
}

TEST_F(Tables, SayWhenSharesLeaveNothing) {
    add(member("redis", "old", "172.18.0.2", {6379}));
    snapshot.splits[{"app", "redis"}] = {{"blue", 90}, {"green", 10}};
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379 weight=0");
    EXPECT_THAT(only().remarks, ElementsAre(HasSubstr("leave nothing to any container")));
}

TEST_F(Tables, LeaveOutWhatComposeRunsOnce) {
    add(member("redis", "redis_run_1", "172.18.0.2", {6379})).labels[kComposeOneOff] = "True";
    EXPECT_EQ(said(), "");
}

TEST_F(Tables, SayWhenSharesAreNotExact) {
    add(member("redis", "old", "172.18.0.2", {6379}));
    add(member("redis-next", "new", "172.18.0.3", {6379}));
    snapshot.splits[{"app", "redis"}] = {{"redis", 999}, {"redis-next", 1}};
    EXPECT_THAT(only().remarks, ElementsAre(HasSubstr("the nearest do")));
}

TEST_F(Tables, OfAmbassadorsWithSeveralNamesHaveThemAll) {
    snapshot.members[0] = client("web", {{"redis", "127.127.0.2"}, {"rng", "127.127.0.3"}});
    snapshot.ambassadors = {
        ambassador(snapshot.members[0], "redis,rng", "127.127.0.2,127.127.0.3")};
    add(member("redis", "redis_1", "172.18.0.2", {6379}));
    add(member("rng", "rng_1", "172.18.0.3", {80}));
    EXPECT_EQ(said(), "127.127.0.2:6379 172.18.0.2:6379 + 127.127.0.3:80 172.18.0.3:80");
}

TEST_F(Tables, AreForThoseWhoRunBesideAClientThatRuns) {
    add(member("redis", "redis_1", "172.18.0.2", {6379}));
    snapshot.ambassadors[0].container.status = "exited";
    EXPECT_THAT(assignments(snapshot), IsEmpty());
    snapshot.ambassadors[0].container.status = "running";
    web().status = "exited";
    EXPECT_THAT(assignments(snapshot), IsEmpty());
}

}  // namespace
}  // namespace amba::fleet
