#include "amba/fleet/versions.hpp"

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

TEST(Served, IsSummedByVersion) {
    Assignment assignment;
    assignment.routes = {
        {{"rng", "127.127.0.2"},
         "rng",
         80,
         {},
         {{nullptr, "blue", "172.18.0.2", 80, 1}, {nullptr, "green", "172.18.0.3", 80, 1}}}};
    std::map<std::string, std::uint64_t> sum{{"blue", 5}};
    add_served(assignment, "rng", *admin::status_from_json(kStatus), sum);
    EXPECT_EQ(sum["blue"], 25u);
    EXPECT_EQ(sum["green"], 10u);
    add_served(assignment, "other", *admin::status_from_json(kStatus), sum);
    EXPECT_EQ(sum["blue"], 25u);
}

}  // namespace
}  // namespace amba::fleet
