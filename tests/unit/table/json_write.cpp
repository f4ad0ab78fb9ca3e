#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "amba/table/diff.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"
#include "table/settings.hpp"
#include "tests/unit/table/random_table.hpp"

using namespace amba::table;
using nlohmann::json;

namespace {

Table read_back(const std::string& text) {
    auto document = parse_json(text);
    EXPECT_TRUE(document) << (document ? "" : document.error().to_string()) << "\n" << text;
    return document ? document->table : Table{};
}

// The table as words of a command line. JSON says more than words: `family` and `admin` are left
// out.
std::vector<std::string> to_words(const Table& table) {
    std::vector<std::string> words;
    for (const Frontend& frontend : table.frontends) {
        if (!words.empty()) words.push_back("+");
        words.push_back(frontend.bind.to_string());
        for (const auto& s : frontend_settings()) {
            if (s.on_command_line) words.push_back(std::string(s.key) + "=" + s.show(frontend));
        }
        for (const Backend& backend : frontend.backends) {
            words.push_back(backend.to_string());
            for (const auto& s : backend_settings()) {
                const std::string value = s.show(backend);
                if (!value.empty()) words.push_back(std::string(s.key) + "=" + value);
            }
        }
    }
    return words;
}

}  // namespace

TEST(ToJson, LeavesDefaultsOut) {
    EXPECT_EQ(to_json({}), "{\n  \"frontends\": []\n}\n");
    EXPECT_EQ(to_json(*parse_words({"80", "www:80", "[::1]:81", "weight=3"})),
              R"({
  "frontends": [
    {
      "bind": "*:80",
      "backends": [
        {
          "address": "www:80"
        },
        {
          "address": "[::1]:81",
          "weight": 3
        }
      ]
    }
  ]
}
)");
}

TEST(ToJson, PutsEverySettingInItsPlace) {
    const Table table = *parse_words({"127.127.0.2:6379",
                                      "name=redis",
                                      "balance=first",
                                      "maxconn=7",
                                      "empty=hold",
                                      "removed=drain:30s",
                                      "retries=0",
                                      "resolve=1m",
                                      "check=redis",
                                      "inter=500ms",
                                      "fall=5",
                                      "rise=1",
                                      "check.timeout=2s",
                                      "fastinter=50ms",
                                      "downinter=10s",
                                      "check.role=master",
                                      "check.user=monitor",
                                      "check.password-file=/run/secrets/key",
                                      "check.database=shop",
                                      "check.method=HEAD",
                                      "check.path=/health?a=b",
                                      "check.host=www",
                                      "check.expect=200",
                                      "timeouts.connect=1s",
                                      "timeouts.idle=90m",
                                      "timeouts.queue=0s",
                                      "redis1:6379",
                                      "weight=0",
                                      "backup=true",
                                      "maxconn=9",
                                      "check=off",
                                      "slowstart=10s"});
    EXPECT_EQ(json::parse(to_json(table, {"abc", 7})), json::parse(R"({
        "revision": "abc", "generation": 7,
        "frontends": [{
            "bind": "127.127.0.2:6379", "name": "redis", "balance": "first", "maxconn": 7,
            "empty": "hold", "removed": "drain:30s", "retries": 0, "resolve": "1m",
            "check": {"type": "redis", "inter": "500ms", "fall": 5, "rise": 1, "timeout": "2s",
                      "fastinter": "50ms", "downinter": "10s", "role": "primary",
                      "user": "monitor", "password-file": "/run/secrets/key", "database": "shop", "method": "HEAD",
                      "path": "/health?a=b", "host": "www", "expect": "200"},
            "timeouts": {"connect": "1s", "idle": "90m", "queue": "0s"},
            "backends": [{"address": "redis1:6379", "weight": 0, "backup": true, "maxconn": 9,
                          "check": "off", "slowstart": "10s"}]}]})"));
}

TEST(ToJson, CarriesTheStamp) {
    const auto document = parse_json(to_json({}, {"r-1", 18446744073709551615u}));
    ASSERT_TRUE(document);
    EXPECT_EQ(document->revision, "r-1");
    EXPECT_EQ(document->generation, 18446744073709551615u);
    const auto plain = parse_json(to_json({}));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->revision, std::nullopt);
    EXPECT_EQ(plain->generation, std::nullopt);
    EXPECT_EQ(parse_json(to_json({}, {"", 0}))->generation, 0u);
}

TEST(RoundTrip, RandomTablesThroughJson) {
    std::set<std::string> seen;
    for (unsigned seed = 0; seed < 500; ++seed) {
        const Table table = RandomTable(seed).make();
        const std::string text = to_json(table);
        ASSERT_EQ(read_back(text), table) << "seed " << seed << "\n" << text;
        ASSERT_EQ(to_json(read_back(text)), text) << "seed " << seed;
        ASSERT_TRUE(diff(table, read_back(text)).empty()) << "seed " << seed;
        seen.insert(text);
    }
    EXPECT_GT(seen.size(), 300u) << "the tables hardly differ";
}

TEST(RoundTrip, RandomTablesThroughWordsAndJson) {
    for (unsigned seed = 0; seed < 500; ++seed) {
        Table table = RandomTable(seed).make();
        if (table.frontends.empty()) continue;
        table.admin.reset();
        for (Frontend& frontend : table.frontends) {
            frontend.family_both = false;
        }
        const auto parsed = parse_words(to_words(table));
        ASSERT_TRUE(parsed) << "seed " << seed << ": " << parsed.error().reason;
        ASSERT_EQ(*parsed, table) << "seed " << seed;
        ASSERT_EQ(read_back(to_json(*parsed)), table) << "seed " << seed;
    }
}

TEST(RoundTrip, RandomTablesLoseNoSetting) {
    // Every setting is away from its default in some table; otherwise the tests above prove less
    // than they seem to.
    std::set<std::string> chosen;
    for (unsigned seed = 0; seed < 500; ++seed) {
        for (const Frontend& frontend : RandomTable(seed).make().frontends) {
            for (const auto& s : frontend_settings()) {
                if (s.show(frontend) != s.show(Frontend{})) chosen.insert(s.key);
            }
            for (const Backend& backend : frontend.backends) {
                for (const auto& s : backend_settings()) {
                    if (s.show(backend) != s.show(Backend{}))
                        chosen.insert(std::string("b.") + s.key);
                }
            }
        }
    }
    EXPECT_EQ(chosen.size(), frontend_settings().size() + backend_settings().size());
}
