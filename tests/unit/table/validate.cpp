#include "amba/table/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/table/words.hpp"
#include "table/address.hpp"

using namespace amba::table;
using testing::HasSubstr;

namespace {

Frontend frontend(const char* bind, const std::vector<const char*>& backends = {}) {
    Frontend out;
    out.bind = parse_bind(bind).value();
    for (const char* backend : backends) {
        out.backends.push_back(parse_backend_address(backend).value());
    }
    return out;
}

Table table(std::vector<Frontend> frontends) {
    return Table{std::move(frontends), std::nullopt};
}

// "FRONTEND BACKEND KEY: REASON" of the first violation.
std::string violation(Table checked) {
    const auto found = normalise(checked);
    if (!found) return "none";
    return std::to_string(found->frontend) + " " + std::to_string(found->backend) + " " +
           found->key + ": " + found->reason;
}

}  // namespace

TEST(Normalise, FillsInNames) {
    Table t = table({frontend("80"), frontend("127.127.0.2:81"), frontend("[::1]:82")});
    t.frontends[1].name = "redis";
    ASSERT_FALSE(normalise(t));
    EXPECT_EQ(t.frontends[0].name, "*:80");
    EXPECT_EQ(t.frontends[1].name, "redis");
    EXPECT_EQ(t.frontends[2].name, "[::1]:82");
}

TEST(Normalise, NothingIsLegal) {
    Table t;
    EXPECT_FALSE(normalise(t));
    Table lone = table({frontend("80")});
    EXPECT_FALSE(normalise(lone));
}

TEST(Normalise, Overlaps) {
    EXPECT_EQ(violation(table({frontend("80"), frontend("81"), frontend("80")})),
              "2 -1 bind: frontend *:80 overlaps frontend *:80; expected addresses that differ");
    EXPECT_EQ(
        violation(table({frontend("127.0.0.1:80"), frontend("80")})),
        "1 -1 bind: frontend *:80 overlaps frontend 127.0.0.1:80; expected addresses that differ");
    EXPECT_EQ(
        violation(table({frontend("80"), frontend("[::1]:80")})),
        "1 -1 bind: frontend [::1]:80 overlaps frontend *:80; expected addresses that differ");
    EXPECT_THAT(violation(table(
                    {frontend("127.0.0.1:80"), frontend("127.0.0.2:80"), frontend("0.0.0.0:80")})),
                HasSubstr("frontend 0.0.0.0:80 overlaps frontend 127.0.0.1:80"));
    EXPECT_THAT(violation(table({frontend("0.0.0.0:80"), frontend("127.0.0.1:80")})),
                HasSubstr("frontend 127.0.0.1:80 overlaps frontend 0.0.0.0:80"));
    EXPECT_THAT(violation(table({frontend("0.0.0.0:80"), frontend("80")})),
                HasSubstr("frontend *:80 overlaps frontend 0.0.0.0:80"));
    EXPECT_EQ(violation(table({frontend("127.0.0.1:80"), frontend("127.0.0.2:80"),
                               frontend("[::1]:80"), frontend("81")})),
              "none");
    EXPECT_EQ(violation(table({frontend("0.0.0.0:80"), frontend("[::1]:80")})), "none");
}

TEST(Normalise, Admin) {
    Table t = table({frontend("80"), frontend("127.0.0.1:9901")});
    t.admin = parse_bind("127.0.0.2:9901").value();
    EXPECT_EQ(violation(t), "none");
    t.admin = parse_bind("127.0.0.1:9901").value();
    EXPECT_EQ(violation(t),
              "1 -1 bind: frontend 127.0.0.1:9901 overlaps the admin address 127.0.0.1:9901");
    t.admin = parse_bind("9901").value();
    EXPECT_THAT(violation(t), HasSubstr("overlaps the admin address *:9901"));
}

TEST(Normalise, Names) {
    Table t = table({frontend("80"), frontend("81"), frontend("82")});
    t.frontends[0].name = t.frontends[2].name = "web";
    EXPECT_EQ(violation(t),
              "2 -1 name: two frontends are named \"web\"; expected a name of its own for each");
    t.frontends[2].name = "WEB";
    EXPECT_EQ(violation(t), "none");
    t.frontends[0].name = "*:81";  // the default name of the second
    EXPECT_THAT(violation(t), HasSubstr("two frontends are named \"*:81\""));
}

TEST(Normalise, BackendsThatAreFrontends) {
    EXPECT_EQ(violation(table({frontend("127.127.0.2:80", {"www:80", "127.127.0.2:80"})})),
              "0 1 address: backend 127.127.0.2:80 is the frontend 127.127.0.2:80 of this table; "
              "expected the address of a server, not amba");
    EXPECT_THAT(violation(table({frontend("80", {"127.0.0.1:81"}), frontend("127.0.0.1:81")})),
                testing::StartsWith("0 0 address: backend 127.0.0.1:81 is the frontend"));
    EXPECT_THAT(violation(table({frontend("80", {"[::1]:80"})})), HasSubstr("the frontend *:80"));
    EXPECT_THAT(violation(table({frontend("80", {"0.0.0.0:80"})})), HasSubstr("the frontend *:80"));
    EXPECT_THAT(violation(table({frontend("0.0.0.0:80", {"127.9.9.9:80"})})),
                HasSubstr("the frontend 0.0.0.0:80"));
    EXPECT_THAT(violation(table({frontend("127.0.0.1:80", {"0.0.0.0:80"})})),
                HasSubstr("backend 0.0.0.0:80 is the frontend 127.0.0.1:80"));
    EXPECT_THAT(violation(table({frontend("127.127.0.2:80", {"[::ffff:127.127.0.2]:80"})})),
                HasSubstr("is the frontend 127.127.0.2:80"));
    // Other ports, other addresses, names: none of amba's.
    EXPECT_EQ(violation(table({frontend("80", {"127.0.0.1:81", "10.0.0.5:80", "localhost:80"})})),
              "none");
    EXPECT_EQ(violation(table({frontend("127.127.0.2:80", {"127.0.0.1:80", "0.0.0.0:80"})})),
              "none");
}

TEST(ReachesItself, ThroughTheAddressesOfThisHost) {
    const Table t = table({frontend("80", {"10.0.0.5:80"}), frontend("81", {"10.0.0.6:80"})});
    using amba::core::Address;
    EXPECT_FALSE(reaches_itself(t, {}));
    EXPECT_FALSE(reaches_itself(t, {*Address::parse("10.0.0.7")}));
    const auto found = reaches_itself(t, {*Address::parse("fd00::1"), *Address::parse("10.0.0.6")});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->frontend, 1);
    EXPECT_EQ(found->backend, 0);
    EXPECT_THAT(found->reason, HasSubstr("backend 10.0.0.6:80 is the frontend *:80"));
}

TEST(Normalise, SameBackendAddsUp) {
    Table t =
        table({frontend("80", {"a:1", "b:1", "a:1", "10.0.0.5:1", "[::ffff:10.0.0.5]:1", "a:2"}),
               frontend("81", {"a:1"})});
    t.frontends[0].backends[0].weight = 200;
    t.frontends[0].backends[2].weight = 56;
    ASSERT_FALSE(normalise(t));
    const auto& backends = t.frontends[0].backends;
    ASSERT_EQ(backends.size(), 4u);
    EXPECT_EQ(backends[0].to_string(), "a:1");
    EXPECT_EQ(backends[0].weight, 256);
    EXPECT_EQ(backends[1].to_string(), "b:1");
    EXPECT_EQ(backends[2].to_string(), "10.0.0.5:1");
    EXPECT_EQ(backends[2].weight, 2);
    EXPECT_EQ(backends[3].to_string(), "a:2");
    EXPECT_EQ(t.frontends[1].backends[0].weight, 1);
}

TEST(Normalise, WeightsMayNotAddUpToMoreThan256) {
    Table t = table({frontend("80", {"a:1", "a:1"})});
    t.frontends[0].backends[0].weight = 256;
    EXPECT_EQ(violation(t),
              "0 1 weight: backend a:1 is given more than once and its weights add up to 257; "
              "expected at most 256");
    t.frontends[0].backends[1].weight = 0;
    EXPECT_EQ(violation(t), "none");
}

TEST(Normalise, SameBackendWithOtherKeys) {
    const struct {
        const char* key;
        void (*change)(Backend&);
    } cases[] = {
        {"backup",
         [](Backend& b) {
             b.backup = true;
         }},
        {"maxconn",
         [](Backend& b) {
             b.maxconn = 1;
         }},
        {"check",
         [](Backend& b) {
             b.check = CheckType::kTcp;
         }},
        {"slowstart",
         [](Backend& b) {
             b.slowstart = Duration(1);
         }},
    };
    for (const auto& c : cases) {
        Table t = table({frontend("79"), frontend("80", {"a:1", "b:1", "a:1"})});
        c.change(t.frontends[1].backends[2]);
        EXPECT_EQ(violation(t), std::string("1 2 ") + c.key +
                                    ": backend a:1 is given twice with a different " + c.key +
                                    "; expected the same, or the backend once");
        c.change(t.frontends[1].backends[0]);
        EXPECT_EQ(violation(t), "none") << c.key;
    }
}
