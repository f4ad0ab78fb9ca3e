#include "amba/admin/status_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/admin/documents.hpp"

using namespace amba;
using namespace amba::test;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

std::vector<std::string> lines(const json& document) {
    return lines_of(admin::to_text(document.dump()).value());
}

}  // namespace

TEST(StatusText, IsATable) {
    json redis = backend("10.0.0.5:32768");
    redis.update({{"origin", "redis1:6379"},
                  {"weight", 3},
                  {"connections_current", 2},
                  {"connections_total", 120},
                  {"connections_failed", 1},
                  {"connections_rate", 25},
                  {"bytes_up", 1'234},
                  {"bytes_down", 1'200'000}});
    json down = backend("10.0.0.6:32770");
    down.update({{"state", "unhealthy"},
                 {"since", "2026-11-22T03:29:00.000Z"},
                 {"why", "tcp check: connection refused"},
                 {"weight_percent", 40},
                 {"maxconn", 8}});
    json front = frontend("redis", "127.127.0.2:6379", {redis, down});
    front.update({{"queue_current", 4}, {"retries_total", 9}, {"bytes_up", 2'000}});
    EXPECT_THAT(
        lines(status({front})),
        ElementsAre(
            "amba 1.2.3, up 2d, generation 12 since 2026-11-22 07:18:00 UTC (12m ago), revision "
            "0123456789ab",
            "ADDRESS                       STATE      FOR   WEIGHT  NOW  QUEUE  RATE/s  TOTAL  "
            "FAILED  RETRIES      UP    DOWN  WHY",
            "redis 127.127.0.2:6379        listening                  0      4       0      0  "
            "     0        9  2.0 kB     0 B",
            "  10.0.0.5:32768 redis1:6379  healthy     1m        3    2             25    120  "
            "     1           1.2 kB  1.2 MB",
            "  10.0.0.6:32770              unhealthy   4h  1 (40%)  0/8              0      0  "
            "     0              0 B     0 B  tcp check: connection refused"));
}

TEST(StatusText, SaysWhatIsOutOfOrder) {
    json document = status({frontend("a", "*:80", {})});
    document["rejected"] = {{"time", "2026-11-22T07:29:48.000Z"},
                            {"revision", "ffffffffffffffff"},
                            {"reason", "config.json:3:5: expected a port"}};
    document["unresolved"] = {"redis9", "redis10"};
    document["stopping"] = true;
    document["orphaned"] = "2026-11-22T07:29:30.000Z";
    document["frontends"][0]["connections_current"] = 1;
    const auto shown = lines(document);
    EXPECT_EQ(shown[1], "stopping: drains 1 connection");
    EXPECT_EQ(shown[2], "orphaned: no network link since 2026-11-22 07:29:30 UTC (30s ago)");
    EXPECT_EQ(shown[3],
              "rejected: revision ffffffffffff at 2026-11-22 07:29:48 UTC (12s ago): "
              "config.json:3:5: expected a port");
    EXPECT_EQ(shown[4], "unresolved: redis9, redis10");
    EXPECT_THAT(shown[6], HasSubstr("no backend"));

    document["unresolved"] = std::vector<std::string>(500, "n");
    EXPECT_EQ(lines(document)[4], "unresolved: n, n, n, n, n, n, n, n, n, n and 490 more");
}

TEST(StatusText, SaysWhatIsDrained) {
    json gone = backend("10.0.0.1:1");
    gone.update({{"state", "leaving"}, {"connections_current", 3}});
    json left = frontend("old", "127.127.0.9:1", {gone});
    left.update({{"state", "leaving"}, {"listening", false}, {"connections_current", 3}});
    const auto shown = lines(status({left}));
    EXPECT_THAT(line_with(shown, "127.127.0.9:1"),
                AllOf(HasSubstr("leaving"), HasSubstr("drains 3 connections")));
    EXPECT_THAT(line_with(shown, "10.0.0.1:1"),
                AllOf(HasSubstr("leaving"), HasSubstr("drains 3 connections")));
}

TEST(StatusText, WithoutATableIsOneLine) {
    json document = status({});
    document["generation"] = 0;
    document["applied"] = "";
    document["revision"] = "";
    EXPECT_THAT(lines(document),
                ElementsAre("amba 1.2.3, up 2d: no table yet, waiting for one in the volume"));
}

TEST(StatusText, OfAnOlderDaemonLeavesOutWhatItDoesNotTell) {
    json document = status({frontend("a", "127.127.0.2:1", {backend("10.0.0.1:1")})});
    for (const char* key : {"started", "now"})
        document.erase(key);
    json& front = document["frontends"][0];
    for (const char* key : {"state", "connections_rate", "retries_total", "bytes_up", "bytes_down"})
        front.erase(key);
    json& back = front["backends"][0];
    for (const char* key : {"since", "why", "connections_rate"})
        back.erase(key);
    back["bytes_up"] = 77;
    const auto shown = lines(document);
    EXPECT_EQ(shown[0],
              "amba 1.2.3, generation 12 since 2026-11-22 07:18:00 UTC, revision 0123456789ab");
    EXPECT_THAT(words_of(shown[1]), ElementsAre("ADDRESS", "STATE", "WEIGHT", "NOW", "QUEUE",
                                                "TOTAL", "FAILED", "UP", "DOWN"));
    EXPECT_THAT(shown[2], AllOf(HasSubstr("listening"), HasSubstr("77 B"))) << "the sum";
    front["listening"] = false;
    EXPECT_THAT(lines(document)[2], HasSubstr("closed"));
}

TEST(StatusText, OfKeysOfAnotherTypeDoesNotFail) {
    EXPECT_TRUE(admin::to_text(R"({"generation": 1, "frontends": []})"));
    EXPECT_TRUE(admin::to_text(R"({"generation": 1, "frontends": 7, "unresolved": {}})"));
    json document = status({frontend("a", "127.127.0.2:1", {backend("10.0.0.1:1")})});
    const json wrong[] = {nullptr, -1, 1e300, 0.5, "x", json::array({1}), json::object(), true};
    const auto try_all = [&](json& object) {
        const json all = object;
        for (const auto& [key, kept] : all.items()) {
            for (const json& value : wrong) {
                object[key] = value;
                const auto text = admin::to_text(document.dump());
                if (key != "generation") {
                    EXPECT_TRUE(text) << key << " " << value;
                }
            }
            object.erase(key);
            admin::to_text(document.dump());
            object[key] = kept;
        }
    };
    try_all(document);
    try_all(document["frontends"][0]);
    try_all(document["frontends"][0]["backends"][0]);
}

TEST(StatusText, OfGarbageIsAnError) {
    for (const char* garbage :
         {"", "nonsense", "{", "[]", "null", "7", "{}", "\xff\xfe",
          R"({"generation": "1", "frontends": []})", R"({"generation": 1})"}) {
        const auto text = admin::to_text(garbage);
        ASSERT_FALSE(text) << garbage;
        EXPECT_THAT(text.error().reason, HasSubstr("the daemon's answer")) << garbage;
    }
}

TEST(StatusText, IsNotDrivenByNames) {
    const std::string evil =
        "a\x1b]0;x\x07\n\xc2\x9b"
        "2J";
    json back = backend(evil);
    back.update({{"origin", evil + "o"}, {"state", "unhealthy"}, {"why", evil}});
    json document = status({frontend(evil + "n", evil, {back})});
    document["version"] = document["revision"] = document["daemon"] = evil;
    document["unresolved"] = {evil};
    document["rejected"] = {{"time", evil}, {"revision", evil}, {"reason", evil}};
    document["frontends"][0]["state"] = evil;
    const std::string text = admin::to_text(document.dump()).value();
    EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\x07")),
                            Not(HasSubstr("\xc2\x9b")), HasSubstr("a?]0;x???2J")));
    EXPECT_EQ(lines_of(text).size(), 6u) << "no name breaks a line";
}

TEST(StatusText, AlignsNamesOfAnyScript) {
    const auto shown = lines(
        status({frontend("日本語", "127.127.0.2:1", {}), frontend("abc", "127.127.0.2:1", {})}));
    EXPECT_EQ(shown[2].find("listening") - 6, shown[3].find("listening"));  // of 3 times 2 bytes
}

TEST(StatusText, IsColouredOnlyWhereAsked) {
    const std::string document = status({frontend("a", "127.127.0.2:1", {})}).dump();
    EXPECT_THAT(admin::to_text(document).value(), Not(HasSubstr("\x1b")));
    EXPECT_THAT(admin::to_text(document, {.colour = true}).value(),
                HasSubstr("\x1b[32mlistening\x1b[0m"));
}

TEST(EventsText, IsALineForEach) {
    const json document{{"events",
                         {{{"id", 17},
                           {"time", "2026-11-22T07:30:00.123Z"},
                           {"last", "2026-11-22T07:31:10.000Z"},
                           {"count", 3},
                           {"level", "warning"},
                           {"event", "down"},
                           {"frontend", "redis"},
                           {"backend", "10.0.0.5:6379"},
                           {"ended", ""},
                           {"message", "connection refused"}},
                          {{"id", 18},
                           {"time", "2026-11-22T23:59:59Z"},
                           {"last", "2026-11-23T00:00:01Z"},
                           {"count", 2},
                           {"level", "info"},
                           {"event", "ended"},
                           {"frontend", "redis"},
                           {"backend", "10.0.0.5:6379"},
                           {"ended", "SC"},
                           {"message", "the server\nreset\x1b[2J it"}},
                          {{"time", "2026-11-22T07:30:00Z"},
                           {"count", 1},
                           {"level", "info"},
                           {"event", "start"},
                           {"message", "here"}}}}};
    EXPECT_THAT(
        lines_of(admin::events_to_text(document.dump()).value()),
        ElementsAre("2026-11-22 07:30:00 warning down redis 10.0.0.5:6379: connection refused "
                    "(3 times, last 07:31:10)",
                    "2026-11-22 23:59:59 info ended redis 10.0.0.5:6379 SC: the server?reset?[2J "
                    "it (2 times, last 2026-11-23 00:00:01)",
                    "2026-11-22 07:30:00 info start: here"));
    EXPECT_THAT(admin::events_to_text(document.dump(), {.colour = true}).value(),
                HasSubstr("\x1b[33m warning\x1b[0m"));
}

TEST(EventsText, OfOddDocuments) {
    EXPECT_EQ(admin::events_to_text(R"({"events": []})").value(), "");
    EXPECT_EQ(
        lines_of(admin::events_to_text(R"({"events": [7, {}, {"time": 3, "count": "x"}]})").value())
            .size(),
        2u);
    for (const char* garbage : {"", "x", "[]", "{}", R"({"events": 3})"})
        EXPECT_FALSE(admin::events_to_text(garbage)) << garbage;
}
