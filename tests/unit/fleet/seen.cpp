#include "amba/fleet/seen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace amba::fleet {
namespace {

constexpr const char* kStatus = R"({"generation": 2, "frontends": [
  {"bind": "127.127.0.2:80", "connections_current": 1, "connections_total": 30, "backends": [
    {"address": "172.18.0.2:80", "state": "healthy", "connections_current": 1,
     "connections_total": 20},
    {"address": "172.18.0.3:80", "state": "unhealthy", "connections_current": 0,
     "connections_total": 10}]}]})";

TEST(Status, IsReadAsFarAsItIsShown) {
    const auto seen = parse_status(kStatus);
    ASSERT_TRUE(seen);
    ASSERT_EQ(seen->size(), 1u);
    EXPECT_EQ(seen->at(0).bind, "127.127.0.2:80");
    EXPECT_EQ(seen->at(0).connections, 1u);
    ASSERT_EQ(seen->at(0).backends.size(), 2u);
    EXPECT_EQ(seen->at(0).backends[1].state, "unhealthy");
    EXPECT_EQ(seen->at(0).backends[1].served, 10u);
}

TEST(Status, OfSomethingElseIsAnError) {
    EXPECT_FALSE(parse_status(""));
    EXPECT_FALSE(parse_status("[]"));
    EXPECT_FALSE(parse_status(R"({"frontends": [1]})"));
    EXPECT_TRUE(parse_status("{}"));
    EXPECT_TRUE(parse_status(R"({"frontends": [{"bind": 7, "connections_total": "x"}]})"));
}

TEST(Served, IsSummedByVersion) {
    Assignment assignment;
    assignment.routes = {
        {{"rng", "127.127.0.2"},
         "rng",
         80,
         {},
         {{nullptr, "blue", "172.18.0.2", 80, 1}, {nullptr, "green", "172.18.0.3", 80, 1}}}};
    std::map<std::string, std::uint64_t> sum{{"blue", 5}};
    add_served(assignment, "rng", *parse_status(kStatus), sum);
    EXPECT_EQ(sum["blue"], 25u);
    EXPECT_EQ(sum["green"], 10u);
    add_served(assignment, "other", *parse_status(kStatus), sum);
    EXPECT_EQ(sum["blue"], 25u);
}

}  // namespace
}  // namespace amba::fleet
