#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "amba/table/json.hpp"

using namespace amba::table;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

std::string fault(std::string_view text) {
    const auto document = parse_json(text);
    return document ? "no error" : document.error().to_string();
}

// A document with these members of its only frontend.
std::string frontend(const std::string& members) {
    return R"({"frontends": [{"bind": "80")" + (members.empty() ? "" : ", " + members) + "}]}";
}

}  // namespace

TEST(ParseJson, DefaultsAreThoseOfTheTable) {
    const auto document = parse_json(frontend(R"("backends": [{"address": "www:80"}])"));
    ASSERT_TRUE(document);
    Frontend wanted;
    wanted.name = "*:80";
    wanted.bind = {true, {amba::core::Address::v6({}), 80}};
    wanted.backends.resize(1);
    wanted.backends[0].host = "www";
    wanted.backends[0].port = 80;
    EXPECT_EQ(document->table, (Table{{wanted}, std::nullopt}));
    EXPECT_EQ(document->revision, std::nullopt);
    EXPECT_EQ(document->generation, std::nullopt);
}

TEST(ParseJson, DefaultsWrittenOutAreTheDefaults) {
    const auto written = parse_json(R"({"frontends": [{
        "name": "*:80", "bind": "80", "balance": "roundrobin", "maxconn": 0,
        "empty": "refuse", "removed": "keep", "retries": 3, "resolve": "5s", "family": "first",
        "check": {"type": "tcp", "inter": "2s", "fall": 3, "rise": 2, "timeout": "1s"},
        "timeouts": {"connect": "5s", "idle": "0s", "queue": "5s"}}]})");
    ASSERT_TRUE(written) << written.error().to_string();
    EXPECT_EQ(written->table, parse_json(frontend(""))->table);
}

TEST(ParseJson, Positions) {
    const struct {
        const char* text;
        const char* error;
    } cases[] = {
        {"{\n  \"frontends\": [\n    {\"bind\": \"80\",\n     \"balance\": \"x\"}\n  ]\n}",
         "4:17: /frontends/0/balance: \"x\": expected roundrobin"},
        {"{\r\n\"frontends\": [\r\n{\"bind\": 80}]}", "3:10: /frontends/0/bind: is a number"},
        {"\xEF\xBB\xBF{\"frontends\": 1}", "1:18: /frontends: is a number"},
        {"\xEF\xBB\xBF\n{\"frontends\": 1}", "2:15: /frontends: is a number"},
        {"\t{\"\xC3\xA9\": 1, \"frontends\": []}", "1:3: /\xC3\xA9: unknown key"},
        {"{\"frontends\":[{\"bind\":\"80\"},{\"bind\":\"81\"},{\"bind\":\"x\"}]}",
         "1:51: /frontends/2/bind: \"x\" is not a frontend"},
        {"{\"frontends\": [[], {}]}", "1:16: /frontends/0: is an array; expected an object"},
        {"{\"admin\": \"}]\\\"{\", \"frontends\": [{\"bind\": \"80\"}]}", "1:11: /admin: "},
        {"{\"a/b~c\": 1}", "1:2: /a~1b~0c: unknown key \"a/b~c\""},
        {"{\"a\\u002fb\": 1}", "1:2: /a~1b: unknown key \"a/b\""},
        {"{\"frontends\": [], \"x\": {\"y\": [1, {\"z\": 2}]}}", "1:19: /x: unknown key"},
    };
    for (const auto& c : cases)
        EXPECT_THAT(fault(c.text), StartsWith(c.error)) << c.text;
}

TEST(ParseJson, KeysGivenTwice) {
    const struct {
        const char* text;
        const char* error;
    } cases[] = {
        {R"({"frontends": [], "frontends": []})", "1:19: /frontends: the key is given twice"},
        {R"({"frontends": [{"bind": "80", "bind": "80"}]})", "1:31: /frontends/0/bind: "},
        {R"({"frontends": [{"bind": "80"}, {"bind": "81", "b\u0069nd": "82"}]})",
         "1:47: /frontends/1/bind: "},
        {R"({"frontends": [{"bind": "80", "check": {"type": "tcp", "type": "tcp"}}]})",
         "1:56: /frontends/0/check/type: "},
        {R"({"frontends": [{"bind": "80", "backends": [{"address": "a:1"},
                                                      {"weight": 1, "weight": 2}]}]})",
         "2:69: /frontends/0/backends/1/weight: "},
    };
    for (const auto& c : cases)
        EXPECT_THAT(fault(c.text), StartsWith(c.error)) << c.text;
    // The same key in two objects is none.
    EXPECT_EQ(fault(R"({"frontends": [{"bind": "80"}, {"bind": "81"}]})"), "no error");
}

TEST(ParseJson, RulesNameThePlace) {
    const struct {
        const char* text;
        const char* error;
    } cases[] = {
        {R"({"frontends": [{"bind": "80"}, {"name": "x", "bind": "127.0.0.1:80"}]})",
         "1:54: /frontends/1/bind: frontend 127.0.0.1:80 overlaps frontend *:80"},
        {R"({"frontends": [{"bind": "80", "backends": [{"address": "a:1"}, {"address": "[::1]:80"}]}]})",
         "1:76: /frontends/0/backends/1/address: backend [::1]:80 is the frontend *:80"},
        {R"({"frontends": [{"bind": "80", "backends": [{"address": "a:1", "backup": true}, {"address": "a:1"}]}]})",
         "1:80: /frontends/0/backends/1/backup: backend a:1 is given twice"},
    };
    for (const auto& c : cases)
        EXPECT_THAT(fault(c.text), StartsWith(c.error)) << c.text;
}

TEST(ParseJson, Torn) {
    using namespace std::string_view_literals;
    const std::string whole = frontend(R"("backends": [{"address": "www:80", "weight": 3}])");
    ASSERT_EQ(fault(whole), "no error");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_NE(fault(whole.substr(0, length)), "no error") << length;
    }
    const std::pair<std::string_view, const char*> cases[] = {
        {""sv, "1:1: (document): is empty; expected a JSON object with \"frontends\""},
        {" \t\r\n"sv, "1:1: (document): is empty"},
        {"\xEF\xBB\xBF"sv, "1:4: (document): not JSON: "},
        {"\0"sv, "1:1: (document): not JSON: "},
        {"\0{\"frontends\": []}"sv, "1:1: (document): not JSON: "},
        {"{\"frontends\": []}\0"sv, "1:18: (document): not JSON: a NUL byte"},
        {"{\"frontends\": []}\n\0\0garbage"sv, "2:1: (document): not JSON: a NUL byte"},
        {"{\"frontends\": \0[]}"sv, "1:15: (document): not JSON: "},
        {"{\"frontends\0\": []}"sv, "1:12: (document): not JSON: "},
        {"{\"frontends\": []} x"sv, "1:19: (document): not JSON: "},
        {"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv, "1:1: (document): not JSON: "},
        {"{\"frontends\": [],\n\n  }"sv, "3:3: (document): not JSON: "},
        {"{\"revision\": \"\xff\", \"frontends\": []}"sv, "1:15: (document): not JSON: "},
    };
    for (const auto& [text, error] : cases) {
        EXPECT_THAT(fault(text), StartsWith(error)) << text;
        EXPECT_EQ(fault(text).find('\n'), std::string::npos) << text;
    }
    EXPECT_EQ(fault("\xEF\xBB\xBF{\"frontends\": []}"), "no error");
}

TEST(ParseJson, DepthCostsNeitherStackNorMemory) {
    constexpr std::size_t kDeep = std::size_t{1} << 22;
    for (const std::size_t depth : {std::size_t{1000}, kDeep, kMaxDocumentBytes}) {
        EXPECT_EQ(fault(std::string(depth, '[')),
                  "1:1: (document): is an array; expected an object");
        EXPECT_EQ(fault(R"({"frontends": )" + std::string(std::min(depth, kDeep), '[')),
                  "1:16: /frontends/0: is an array; expected an object");
    }
    std::string objects;
    for (int i = 0; i < (1 << 18); ++i)
        objects += "{\"check\":";
    EXPECT_EQ(fault(R"({"frontends": [{"check": )" + objects),
              "1:27: /frontends/0/check/check: unknown key \"check\"");
}

TEST(ParseJson, WhatIsWrongCostsNoMoreThanWhatWasReadBeforeIt) {
    // Eight megabytes of nothing in each place where something may be repeated.
    const auto many = [](const std::string& begin, const std::string& one) {
        std::string text = begin;
        while (text.size() < (8u << 20))
            text += one + ",";
        return text + one + "]}";
    };
    const std::pair<std::string, const char*> cases[] = {
        {many(R"({"frontends": [)", "{}"), "1:16: /frontends/0: has no \"bind\""},
        {many(R"({"frontends": [{"bind": "80", "backends": [)", "{}"),
         "1:44: /frontends/0/backends/0: has no \"address\""},
        {many(R"({"frontends": [)", R"({"bind": "80"})"),
         "1:40: /frontends/1/bind: frontend *:80 overlaps"},
        {many(R"({"x": [)", "{}"), "1:2: /x: unknown key"},
        {many(R"({"revision": [)", "{}"), "1:14: /revision: is an array"},
    };
    for (const auto& [text, error] : cases) {
        rusage before{};
        rusage after{};
        getrusage(RUSAGE_SELF, &before);
        EXPECT_THAT(fault(text), StartsWith(error));
        getrusage(RUSAGE_SELF, &after);
        // ru_maxrss is the greatest size so far, in KB.
        EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 8 * 1024) << error;
    }
}

TEST(ParseJson, TakesWhatTheCallerKeepsBesideTheTable) {
    const std::string text =
        R"({"frontends": [], "words": ["a", "b"], "none": [], "one": "c", "revision": "r"})";
    EXPECT_THAT(fault(text), HasSubstr("unknown key \"words\""));
    const auto document = parse_json(text, {"words", "none", "one"});
    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(document->own.at("words"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(document->own.at("one"), std::vector<std::string>{"c"});
    EXPECT_TRUE(document->own.contains("none"));
    EXPECT_EQ(document->revision, "r");
    EXPECT_FALSE(parse_json(R"({"frontends": [], "words": [[]]})", {"words"}));
    EXPECT_FALSE(parse_json(R"({"frontends": [], "words": 5})", {"words"}));
}

TEST(ParseJson, HugeNumbers) {
    const std::string digits(1 << 20, '9');
    const std::pair<std::string, const char*> cases[] = {
        {"\n\"maxconn\": 1e400", "2:12: /frontends/0/maxconn: is a number out of range"},
        {"\"maxconn\": -1e400", "1:42: /frontends/0/maxconn: is a number out of range"},
        {"\"maxconn\": " + digits, "1:42: /frontends/0/maxconn: is a number out of range"},
        {"\"maxconn\": 9223372036854775808",
         "1:42: /frontends/0/maxconn: \"9223372036854775808\": "},
        {"\"maxconn\": 1e300", "1:42: /frontends/0/maxconn: is 1e+300; expected a whole number"},
        {"\"maxconn\": 1e-400", "no error"},  // rounds to 0
        {"\"backends\": [{\"address\": \"1e999:1\"}, {\"address\": 1e999}]",
         "1:80: /frontends/0/backends/1/address: is a number out of range"},
    };
    for (const auto& [members, error] : cases) {
        const std::string got = fault(frontend(members));
        EXPECT_THAT(got, StartsWith(error)) << members.substr(0, 80);
        EXPECT_LT(got.size(), 300u);
    }
    EXPECT_THAT(fault("1e400"), StartsWith("1:1: (document): is a number out of range"));
}

TEST(ParseJson, WholeNumbersMayBeWrittenAsFloats) {
    const auto maxconn = [](const char* number) {
        const auto document = parse_json(frontend(std::string("\"maxconn\": ") + number));
        return document ? document->table.frontends[0].maxconn : -1;
    };
    EXPECT_EQ(maxconn("3.0"), 3);
    EXPECT_EQ(maxconn("1e3"), 1000);
    EXPECT_EQ(maxconn("-0"), 0);
    EXPECT_EQ(maxconn("-0.0"), 0);
    EXPECT_EQ(maxconn("3.5"), -1);
    EXPECT_EQ(maxconn("-3.0"), -1);
    EXPECT_EQ(maxconn("1e10"), -1);
    EXPECT_EQ(parse_json(R"({"frontends": [], "generation": 7.0})")->generation, 7u);
}

TEST(ParseJson, ErrorsStayShortAndOnOneLine) {
    const std::string line(1 << 20, 'x');
    for (const std::string& text :
         {frontend("\"name\": \"" + line + "/\""),
          frontend("\"balance\": \"a\\nb\\u0000\\u001b[1m\""), frontend("\"" + line + "\": 1"),
          frontend("\"a\\nb\": 1"), frontend("\"resolve\": \"" + line + "\""),
          frontend("\"removed\": \"drain:" + line + "\""),
          "{\"frontends\": [{\"bind\": \"" + line + ":80\"}]}", "{" + line, line,
          frontend("\"backends\": [{\"address\": \"" + line + ":80\"}]")}) {
        const std::string got = fault(text);
        EXPECT_NE(got, "no error");
        EXPECT_LT(got.size(), 1200u) << got.substr(0, 200);
        EXPECT_EQ(got.find_first_of("\n\x1b"), std::string::npos) << got.substr(0, 200);
    }
}

TEST(ParseJson, LargeFilesAreLegal) {
    std::string text = R"({"frontends": [{"bind": "80", "backends": [)";
    for (int i = 0; i < 30'000; ++i) {
        text += (i > 0 ? ",\n" : "\n") + (R"({"address": "host)" + std::to_string(i)) + ":80\"}";
    }
    text += "]}]}";
    const auto document = parse_json(text);
    ASSERT_TRUE(document) << document.error().to_string();
    EXPECT_EQ(document->table.frontends[0].backends.size(), 30'000u);
    EXPECT_EQ(fault(frontend("") + std::string(kMaxDocumentBytes, ' ')),
              "1:1: (document): is larger than 64 MB");
}

TEST(ParseJson, ManyFrontendsOnOnePort) {
    // On the processor, whoever else is at work.
    const auto time_of = [](int count) {
        std::string text = R"({"frontends": [)";
        for (int i = 1; i <= count; ++i) {
            const std::string low = std::to_string(i / 250) + "." + std::to_string(i % 250 + 1);
            text += (i > 1 ? ",\n" : "\n") + (R"({"bind": "127.1.)" + low) +
                    R"(:6379", "backends": [{"address": "10.1.)" + low + ":6379\"}]}";
        }
        text += "]}";
        const std::clock_t start = std::clock();
        const auto document = parse_json(text);
        const std::clock_t took = std::clock() - start;
        EXPECT_TRUE(document) << document.error().to_string();
        return took;
    };
    const std::clock_t few = time_of(1'500);
    EXPECT_LT(time_of(30'000), 80 * few + CLOCKS_PER_SEC / 20)
        << "20 times as many: 400 times as long if it were quadratic in their number";
}

TEST(JsonSchema, IsJsonAndNamesItself) {
    const auto schema = nlohmann::json::parse(json_schema());
    EXPECT_EQ(schema.at("$schema"), "https://json-schema.org/draft/2020-12/schema");
    EXPECT_TRUE(schema.at("properties").contains("frontends"));
}
