#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/fleet/fleet.hpp"
#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// As an ambassador says it (net/tcp.cpp), in a verdict and behind it.
TEST(Held, AddressThatIsTaken) {
    EXPECT_EQ(taken_address("rejected: cannot bind 127.127.0.3:80: the port is taken by another "
                            "process"),
              "127.127.0.3:80");
    EXPECT_EQ(taken_address("cannot bind [::]:80: the port is taken by another process; x"),
              "[::]:80");
    EXPECT_EQ(taken_address("cannot bind 127.127.0.3:80: not permitted"), std::nullopt);
    EXPECT_EQ(taken_address("no verdict within 5s"), std::nullopt);
    EXPECT_EQ(taken_address(""), std::nullopt);
}

std::string way(const std::string& text, const std::string& address) {
    const auto all = parse_listeners(text);
    const PortListener* one = in_the_way(all, address);
    return one ? one->command + " " + std::to_string(one->pid) + " " + one->address : "";
}

TEST(Held, WhoIsInTheWay) {
    const std::string all =
        "0.0.0.0:80 7 nginx: master\n[::]:8080 1 node\n127.0.0.1:81 9 x\n127.127.0.3:82 0 -\n"
        "172.18.0.2:83 3 y\nnonsense\n";
    EXPECT_EQ(way(all, "127.127.0.3:80"), "nginx: master 7 0.0.0.0:80");
    EXPECT_EQ(way(all, "127.127.0.3:8080"), "node 1 [::]:8080");
    EXPECT_EQ(way(all, "127.127.0.3:81"), "");
    EXPECT_EQ(way(all, "127.127.0.3:82"), "- 0 127.127.0.3:82");
    EXPECT_EQ(way(all, "127.127.0.3:83"), "");
    EXPECT_EQ(way("", "127.127.0.3:80"), "");
}

TEST(Held, WhatAnOperatorIsTold) {
    Snapshot snapshot{{}, {""}, {}};
    snapshot.members = {client("web_1", {{"rng", "127.127.0.3"}}),
                        member("rng", "rng_1", "172.18.0.2", {80})};
    const Assignment assignment =
        assignment_of(snapshot, {&snapshot.members[0], {{"rng", "127.127.0.3"}}});
    const PortListener nginx{"0.0.0.0:80", 7, "nginx"};
    const std::string text = held(assignment, "127.127.0.3:80", &nginx);
    EXPECT_THAT(text, StartsWith("cannot listen on 127.127.0.3:80: nginx (pid 7) of web_1 listens "
                                 "on 0.0.0.0:80, so that web_1 reaches itself at rng:80; "));
    EXPECT_THAT(text, HasSubstr("one address alone"));
    EXPECT_THAT(text, HasSubstr("another port"));
    EXPECT_THAT(held(assignment, "127.127.0.3:80", nullptr),
                HasSubstr("a process in the network namespace of web_1 holds port 80"));
}

TEST(Held, WhatAClientSaysOfItself) {
    docker::Container web;
    web.exposed = {80};
    web.published = {{8080, "0.0.0.0", 49153}};
    EXPECT_TRUE(may_hold(web, 80));
    EXPECT_TRUE(may_hold(web, 8080));
    EXPECT_FALSE(may_hold(web, 49153));
}

// The frontends that can be had are told without the others.
TEST(Held, LeftOut) {
    Snapshot snapshot{{}, {""}, {}};
    snapshot.members = {client("web_1", {{"rng", "127.127.0.3"}, {"redis", "127.127.0.2"}}),
                        member("rng", "rng_1", "172.18.0.2", {80}),
                        member("redis", "redis_1", "172.18.0.3", {6379})};
    const Assignment assignment = assignment_of(
        snapshot, {&snapshot.members[0], {{"rng", "127.127.0.3"}, {"redis", "127.127.0.2"}}});
    EXPECT_THAT(words(assignment, nullptr, {"127.127.0.3:80"}),
                testing::ElementsAre("127.127.0.2:6379", "172.18.0.3:6379"));
    EXPECT_EQ(summary(assignment, {"127.127.0.3:80"}), "127.127.0.2:6379 -> 1 of redis");
}

TEST(Held, GivenSaysNewsOnce) {
    TablesGiven given;
    FleetContainer one = client("web", {});
    EXPECT_TRUE(given.is_news(one, "x"));
    EXPECT_FALSE(given.is_news(one, "x"));
    EXPECT_TRUE(given.is_news(one, "y"));
    ++one.container.started_us;
    EXPECT_TRUE(given.is_news(one, "x"));
    given.clear();
    EXPECT_TRUE(given.is_news(one, "x"));
}

}  // namespace
}  // namespace amba::fleet
