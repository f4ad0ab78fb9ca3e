#include "amba/table/words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/table/json.hpp"
#include "table/settings.hpp"

using namespace amba::table;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

using Words = std::vector<std::string>;

Words split(const std::string& line) {
    return split_words({line + " "});
}

Table table(const std::string& line) {
    auto parsed = parse_words(split(line));
    EXPECT_TRUE(parsed) << line << ": " << (parsed ? "" : parsed.error().reason);
    return parsed ? *parsed : Table{};
}

std::string reason(const Words& words) {
    const auto parsed = parse_words(words);
    return parsed ? "no error" : parsed.error().reason;
}

// "BIND BACKEND BACKEND + BIND ..." in canonical form.
std::string shape(const Table& parsed) {
    std::string out;
    for (const Frontend& frontend : parsed.frontends) {
        out += out.empty() ? "" : " + ";
        out += frontend.bind.to_string();
        for (const Backend& backend : frontend.backends)
            out += " " + backend.to_string();
    }
    return out;
}

}  // namespace

TEST(Words, Forms) {
    const struct {
        const char* line;
        const char* shape;
    } cases[] = {
        {"80", "*:80"},
        {"127.127.0.2:6379 10.0.0.5 32768", "127.127.0.2:6379 10.0.0.5:32768"},
        {"80 www1 1234 www2:2345", "*:80 www1:1234 www2:2345"},
        {"80 www1:1 www2 2 www3:3 www4 4", "*:80 www1:1 www2:2 www3:3 www4:4"},
        {"80 ::1 6379", "*:80 [::1]:6379"},
        {"80 2001:DB8::5 6379 www 80", "*:80 [2001:db8::5]:6379 www:80"},
        {"80 [2001:db8::5]:6379", "*:80 [2001:db8::5]:6379"},
        {"80 [2001:db8::5] 6379", "*:80 [2001:db8::5]:6379"},
        {"80 ::1:6379 81", "*:80 [::0.1.99.121]:81"},  // no brackets: an address, then its port
        {"80 ::ffff:10.0.0.5 81", "*:80 10.0.0.5:81"},
        {"80 [::ffff:10.0.0.5]:81", "*:80 10.0.0.5:81"},
        {"80 + 81 + 82", "*:80 + *:81 + *:82"},
        {"80 a 1 + 81 b:2 + 82 ::1 3", "*:80 a:1 + *:81 b:2 + *:82 [::1]:3"},
        {":80 a:1 + *:81 b:1 + :::82 c:1 + [::]:83 d:1",
         "*:80 a:1 + *:81 b:1 + *:82 c:1 + *:83 d:1"},
        {"[::1]:80 a:1 + 0.0.0.0:81", "[::1]:80 a:1 + 0.0.0.0:81"},
        {"80 srv:_a._tcp.b weight=3 c 1 srv:d + 81 srv:e",
         "*:80 srv:_a._tcp.b c:1 srv:d + *:81 srv:e"},
        {"80 srv 81 srv:82", "*:80 srv:81 srv:82"},  // a host that is called srv
    };
    for (const auto& c : cases)
        EXPECT_EQ(shape(table(c.line)), c.shape) << c.line;
}

TEST(Words, ExamplesOfTheManual) {
    const Table weights = table("80 www1 1234 www2:2345 weight=3");
    EXPECT_EQ(weights.frontends[0].backends[0].weight, 1);
    EXPECT_EQ(weights.frontends[0].backends[1].weight, 3);

    const Table two = table(
        "127.127.0.2:6379 balance=leastconn redis1:6379 redis2:6379 backup=true + "
        "127.127.0.3:80 rng:80");
    ASSERT_EQ(two.frontends.size(), 2u);
    EXPECT_EQ(two.frontends[0].balance, Algorithm::kLeastConn);
    EXPECT_EQ(two.frontends[1].balance, Algorithm::kRoundRobin);
    EXPECT_FALSE(two.frontends[0].backends[0].backup);
    EXPECT_TRUE(two.frontends[0].backends[1].backup);
}

TEST(Words, NameIsByDefaultTheBind) {
    EXPECT_EQ(table("80").frontends[0].name, "*:80");
    EXPECT_EQ(table("[::1]:80").frontends[0].name, "[::1]:80");
    EXPECT_EQ(table("80 name=web").frontends[0].name, "web");
}

TEST(Words, EveryKeyOfAFrontend) {
    const Frontend f =
        table(
            "80 name=web balance=source maxconn=7 empty=hold removed=drain:30s retries=0 "
            "resolve=1m "
            "check=redis inter=500ms fall=5 rise=1 timeouts.connect=1s timeouts.idle=1h "
            "timeouts.queue=0s www:80")
            .frontends[0];
    EXPECT_EQ(f.name, "web");
    EXPECT_EQ(f.balance, Algorithm::kSource);
    EXPECT_EQ(f.maxconn, 7);
    EXPECT_EQ(f.empty, Empty::kHold);
    EXPECT_EQ(f.removed, (Removed{Removed::Kind::kDrain, Duration(30'000)}));
    EXPECT_EQ(f.retries, 0);
    EXPECT_EQ(f.resolve, Duration(60'000));
    EXPECT_EQ(f.check, (Check{CheckType::kRedis, Duration(500), 5, 1, Duration(1000)}));
    EXPECT_EQ(f.timeouts, (Timeouts{Duration(1'000), Duration(3'600'000), Duration(0)}));
    EXPECT_EQ(f.backends.size(), 1u);
}

TEST(Words, WhatACheckAsks) {
    const Check check =
        table(
            "80 check=http check.timeout=3s fastinter=100ms downinter=9s "
            "check.role=primary check.user=monitor check.database=shop check.method=OPTIONS "
            "check.path=/a?b=c check.host=[::1]:80 check.expect=204-299 www:80")
            .frontends[0]
            .check;
    EXPECT_EQ(check.timeout, Duration(3'000));
    EXPECT_EQ(check.fastinter, Duration(100));
    EXPECT_EQ(check.downinter, Duration(9'000));
    EXPECT_EQ(check.role, CheckRole::kPrimary);
    EXPECT_EQ(check.user, "monitor");
    EXPECT_EQ(check.database, "shop");
    EXPECT_EQ(check.method, CheckMethod::kOptions);
    EXPECT_EQ(check.path, "/a?b=c");
    EXPECT_EQ(check.host, "[::1]:80");
    EXPECT_EQ(check.expect_least, 204);
    EXPECT_EQ(check.expect_most, 299);
    EXPECT_EQ(table("80 check.role=master").frontends[0].check.role, CheckRole::kPrimary);
    EXPECT_EQ(table("80 check.expect=200").frontends[0].check.expect_most, 200);
}

TEST(Words, WhatACheckCannotAsk) {
    for (const char* word :
         {"check.timeout=0s",     "check.role=",          "check.role=slave",
          "check.method=POST",    "check.path=",          "check.path=x",
          "check.path=/\xc3\xa4", "check.host=a/b",       "check.user=a:b",
          "check.database=a b",   "check.expect=",        "check.expect=20",
          "check.expect=-200",    "check.expect=200-",    "check.expect=300-200",
          "check.expect=099",     "check.expect=200-600", "check.expect=200-299-300",
          "check.expect=+20",     "check.password=x"}) {
        EXPECT_THAT(reason({"80", word, "www:80"}), HasSubstr("expected")) << word;
    }
    EXPECT_THAT(reason({"80", "check.path=/a b"}), HasSubstr("visible"));
    EXPECT_THAT(reason({"80", "check.path=/\r\nX: y"}), HasSubstr("visible"));
    EXPECT_THAT(reason({"80", "check.host=a\nb"}), HasSubstr("letters"));
}

TEST(Words, EveryKeyOfABackend) {
    const auto backends =
        table("80 www 80 weight=0 backup=true maxconn=9 check=off slowstart=10s w2:80")
            .frontends[0]
            .backends;
    Backend wanted;
    wanted.host = "www";
    wanted.port = 80;
    wanted.weight = 0;
    wanted.backup = true;
    wanted.maxconn = 9;
    wanted.check = CheckType::kOff;
    wanted.slowstart = Duration(10'000);
    EXPECT_EQ(backends[0], wanted);
    EXPECT_EQ(backends[1].weight, 1);
    EXPECT_EQ(backends[1].check, std::nullopt);
}

TEST(Words, ValuesOfEnumerations) {
    const std::pair<const char*, Algorithm> policies[] = {{"roundrobin", Algorithm::kRoundRobin},
                                                          {"leastconn", Algorithm::kLeastConn},
                                                          {"random", Algorithm::kRandom},
                                                          {"source", Algorithm::kSource},
                                                          {"first", Algorithm::kFirst}};
    for (const auto& [word, policy] : policies) {
        EXPECT_EQ(table(std::string("80 balance=") + word).frontends[0].balance, policy);
    }
    const std::pair<const char*, CheckType> checks[] = {
        {"tcp", CheckType::kTcp},           {"redis", CheckType::kRedis},
        {"postgres", CheckType::kPostgres}, {"mysql", CheckType::kMysql},
        {"http", CheckType::kHttp},         {"off", CheckType::kOff}};
    for (const auto& [word, check] : checks) {
        EXPECT_EQ(table(std::string("80 check=") + word).frontends[0].check.type, check);
    }
    EXPECT_EQ(table("80 removed=keep").frontends[0].removed.kind, Removed::Kind::kKeep);
    EXPECT_EQ(table("80 removed=close").frontends[0].removed.kind, Removed::Kind::kClose);
    EXPECT_EQ(table("80 hold=keep").frontends[0].hold, std::nullopt);
    EXPECT_EQ(table("80 hold=2m").frontends[0].hold, Duration(120'000));
    EXPECT_EQ(table("80").frontends[0].hold, Duration(30'000));
    EXPECT_EQ(table("80 empty=refuse").frontends[0].empty, Empty::kRefuse);
    const Frontend strict = table(
                                "80 hedge=off observe=off error-limit=7 max-ejected=10 "
                                "on-marked-down=close")
                                .frontends[0];
    EXPECT_FALSE(strict.hedge);
    EXPECT_FALSE(strict.observe);
    EXPECT_EQ(strict.error_limit, 7);
    EXPECT_EQ(strict.max_ejected, 10);
    EXPECT_TRUE(strict.close_on_marked_down);
}

TEST(Words, KeysAreThoseOfTheContract) {
    Words frontend, backend;
    for (const auto& s : frontend_settings()) {
        if (s.on_command_line) frontend.push_back(s.key);
    }
    for (const auto& s : backend_settings()) {
        if (s.on_command_line) backend.push_back(s.key);
    }
    EXPECT_THAT(
        frontend,
        testing::UnorderedElementsAre(
            "name", "balance", "maxconn", "empty", "removed", "retries", "resolve", "hold", "check",
            "inter", "fall", "rise", "fastinter", "downinter", "check.timeout", "check.role",
            "check.user", "check.password-file", "check.database", "check.method", "check.path",
            "check.host", "check.expect", "timeouts.connect", "timeouts.idle", "timeouts.queue",
            "hedge", "observe", "error-limit", "max-ejected", "on-marked-down"));
    EXPECT_THAT(backend,
                testing::UnorderedElementsAre("weight", "backup", "maxconn", "check", "slowstart"));
}

TEST(Words, ErrorsQuoteTheWordAndSayWhatWasExpected) {
    const struct {
        const char* line;
        const char* quoted;
        const char* expected;
    } cases[] = {
        // frontends
        {"www", "\"www\"", "is not a frontend; expected PORT"},
        {"www:80", "\"www:80\"", "\"www\" is not an address"},
        {"0", "\"0\"", "the port from 1 to 65535"},
        {"70000", "\"70000\"", "the port from 1 to 65535"},
        {"127.0.0.300:80", "\"127.0.0.300:80\"", "is not an address"},
        {"fe80::1:80", "\"fe80::1:80\"", "expected [IPV6]:PORT"},
        {"weight=3", "\"weight=3\"", "is not a frontend"},
        // backends
        {"80 www", "\"www\"", "has no port; expected HOST PORT or HOST:PORT"},
        {"80 www weight=3", "\"www\"", "has no port"},
        {"80 www + 81", "\"www\"", "has no port"},
        {"80 www http", "\"http\"", "is not a port; expected a number from 1 to 65535"},
        {"80 www 0", "\"0\" after backend \"www\"", "is not a port"},
        {"80 www 65536", "\"65536\"", "is not a port"},
        {"80 www www2:80", "\"www2:80\"", "is not a port"},
        {"80 www:0", "\"www:0\"", "expected a number from 1 to 65535"},
        {"80 www:", "\"www:\"", "expected a number from 1 to 65535"},
        {"80 :81", "\":81\"", "has no host; expected HOST:PORT"},
        {"80 81 82", "\"81\"", "is a number where a backend's host was expected"},
        {"80 www:80 81", "\"81\"", "is a number where a backend's host was expected"},
        {"80 12:80", "\"12\"", "is a number where a backend's host was expected"},
        {"80 1.2.3 80", "\"1.2.3\"", "expected four numbers from 0 to 255"},
        {"80 1.2.3.256:80", "\"1.2.3.256\"", "is not an IPv4 address"},
        {"80 srv:_a._tcp.b 6379", "\"6379\" after backend \"srv:_a._tcp.b\"",
         "the ports of a service are those of its SRV records"},
        {"80 srv:10.0.0.5 6379", "\"srv:10.0.0.5\"", "expected srv:NAME"},
        {"80 srv:a:6379", "\"srv:a:6379\"", "expected srv:NAME"},
        {"80 ::1", "\"::1\"", "has no port"},
        {"80 ::1::2 80", "\"::1::2\"", "is not an IPv6 address"},
        {"80 [::1]", "\"[::1]\"", "has no port"},
        {"80 [::1", "\"[::1\"", "expected [IPV6]:PORT"},
        {"80 [::1]:", "\"[::1]:\"", "expected a number from 1 to 65535"},
        {"80 [::1]80", "\"[::1]80\"", "expected [IPV6]:PORT"},
        {"80 [1.2.3.4]:80", "\"[1.2.3.4]\"", "brackets are for IPv6 addresses"},
        {"80 w@w 80", "\"w@w\"", "is not a host; expected an address or a name"},
        {"80 www:80 -", "\"-\"", "is not a host"},
        // groups
        {"+", "", "the table is empty; expected a frontend"},
        {"80 +", "\"+\"", "expected a frontend after"},
        {"+ 80", "", "the table is empty"},
        {"80 + + 81", "\"+\"", "expected a frontend after"},
        {"80 www:80 + www2:80", "\"www2:80\"", "is not an address"},
        // keys
        {"80 weight=3", "\"weight=3\"", "a frontend has no key \"weight\"; expected one of name, "},
        {"80 family=both", "\"family=both\"", "a frontend has no key \"family\""},
        {"80 family=both", "\"family=both\"", "has no key"},
        {"80 =3", "\"=3\"", "a frontend has no key \"\""},
        {"80 www:80 balance=first", "\"balance=first\"",
         "a backend has no key \"balance\"; expected one of weight, backup, maxconn, check, "
         "slowstart"},
        {"80 www:80 Weight=3", "\"Weight=3\"", "a backend has no key \"Weight\""},
        {"80 name=a name=a", "\"name=a\"", "\"name\" is given twice for frontend 80"},
        {"80 www:80 weight=1 weight=2", "\"weight=2\"", "given twice for backend www:80"},
        // values
        {"80 name=", "\"name=\"", "expected 1 to 128 letters"},
        {"80 name=a/b", "\"name=a/b\"", "any of -_.:*[]"},
        {"80 balance=fast", "\"balance=fast\"",
         "expected roundrobin, leastconn, random, source or first"},
        {"80 maxconn=-1", "\"maxconn=-1\"", "expected a whole number from 0 to 1000000000"},
        {"80 maxconn=1e3", "\"maxconn=1e3\"", "expected a whole number"},
        {"80 maxconn=99999999999", "\"maxconn=99999999999\"", "expected a whole number"},
        {"80 empty=drop", "\"empty=drop\"", "expected refuse or hold"},
        {"80 removed=drain", "\"removed=drain\"", "drain:DURATION such as drain:30s"},
        {"80 removed=drain:", "\"removed=drain:\"", "expected a whole number and a unit"},
        {"80 removed=drain:5", "\"removed=drain:5\"", "has no unit"},
        {"80 retries=101", "\"retries=101\"", "from 0 to 100"},
        {"80 resolve=999ms", "\"resolve=999ms\"", "expected at least 1s"},
        {"80 hold=30", "\"hold=30\"", "expected keep or a duration, as 30s"},
        {"80 resolve=5", "\"resolve=5\"", "has no unit; expected a whole number and a unit"},
        {"80 check=ping", "\"check=ping\"", "expected tcp, redis, postgres, mysql, http or off"},
        {"80 inter=0s", "\"inter=0s\"", "expected at least 1ms"},
        {"80 fall=0", "\"fall=0\"", "from 1 to 100"},
        {"80 rise=101", "\"rise=101\"", "from 1 to 100"},
        {"80 timeouts.connect=0s", "\"timeouts.connect=0s\"", "expected at least 1ms"},
        {"80 timeouts.idle=never", "\"timeouts.idle=never\"", "is not a duration"},
        {"80 timeouts.queue=1001h", "\"timeouts.queue=1001h\"", "is longer than 1000h"},
        {"80 www:80 weight=257", "\"weight=257\"", "expected a whole number from 0 to 256"},
        {"80 www:80 weight=", "\"weight=\"", "expected a whole number from 0 to 256"},
        {"80 www:80 weight=3=3", "\"weight=3=3\"", "expected a whole number from 0 to 256"},
        {"80 www:80 backup=yes", "\"backup=yes\"", "expected true or false"},
        {"80 www:80 maxconn=x", "\"maxconn=x\"", "expected a whole number"},
        {"80 www:80 check=", "\"check=\"", "expected tcp"},
        {"80 www:80 slowstart=5", "\"slowstart=5\"", "has no unit"},
        // the table as a whole
        {"80 + 80", "*:80", "frontend *:80 overlaps frontend *:80"},
        {"127.0.0.1:80 + 80", "*:80", "overlaps frontend 127.0.0.1:80"},
        {"80 name=a + 81 name=a", "\"a\"", "two frontends are named"},
        {"80 127.0.0.1:80", "127.0.0.1:80", "is the frontend *:80 of this table"},
        {"80 a:1 a:1 backup=true", "a:1", "given twice with a different backup"},
        {"80 a:1 weight=200 a 1 weight=57", "a:1", "weights add up to 257; expected at most 256"},
    };
    for (const auto& c : cases) {
        const std::string why = reason(split(c.line));
        EXPECT_THAT(why, HasSubstr(c.quoted)) << c.line;
        EXPECT_THAT(why, HasSubstr(c.expected)) << c.line;
        EXPECT_EQ(why.find('\n'), std::string::npos) << c.line;
    }
}

TEST(Words, NoneOrEmptyOnes) {
    EXPECT_THAT(reason({}), HasSubstr("the table is empty"));
    EXPECT_THAT(reason({""}), HasSubstr("an empty word (\"\")"));
    EXPECT_THAT(reason({"80", "", "81"}), HasSubstr("an empty word (\"\")"));
    EXPECT_THAT(reason({"80 "}), HasSubstr("\"80 \" is not a frontend"));
    EXPECT_THAT(reason({"80", "a\nb:1"}), HasSubstr(R"("a\x0ab")"));
}

TEST(Words, SameBackendTwiceAddsUp) {
    const Table merged = table("80 a:1 weight=2 b:1 a 1 weight=3 ::ffff:1.2.3.4 5 1.2.3.4:5");
    EXPECT_EQ(shape(merged), "*:80 a:1 b:1 1.2.3.4:5");
    EXPECT_EQ(merged.frontends[0].backends[0].weight, 5);
    EXPECT_EQ(merged.frontends[0].backends[2].weight, 2);
}

TEST(SplitWords, OnlyWhenTheFirstHoldsABlank) {
    EXPECT_THAT(split_words({"80 www:80"}), ElementsAre("80", "www:80"));
    EXPECT_THAT(split_words({"80 www", "80 + 81"}), ElementsAre("80", "www", "80", "+", "81"));
    EXPECT_THAT(split_words({" \t80\r\n  www:80\n", "x"}), ElementsAre("80", "www:80", "x"));
    EXPECT_THAT(split_words({"80", "www 80"}), ElementsAre("80", "www 80"));
    EXPECT_THAT(split_words({"80", ""}), ElementsAre("80", ""));
    EXPECT_THAT(split_words({"  "}), ElementsAre());
    EXPECT_THAT(split_words({}), ElementsAre());
}

TEST(SplitWords, APathIsNoCommand) {
    EXPECT_THAT(split_words({"--dir=/my dir", "80"}), ElementsAre("--dir=/my dir", "80"));
    EXPECT_THAT(split_words({"/my dir/config.json"}), ElementsAre("/my dir/config.json"));
    EXPECT_THAT(split_words({"./my dir/x", "a b"}), ElementsAre("./my dir/x", "a b"));
    EXPECT_THAT(split_words({"80 www", "81", "--dir=/my dir", "--file", "/my file"}),
                ElementsAre("80", "www", "81", "--dir=/my dir", "--file", "/my file"));
    // A command may begin with options.
    EXPECT_THAT(split_words({"--drain-timeout 30s 80 www 81"}),
                ElementsAre("--drain-timeout", "30s", "80", "www", "81"));
    EXPECT_THAT(split_words({"--dir /x status"}, {"status"}), ElementsAre("--dir", "/x", "status"));
    EXPECT_THAT(split_words({"--dir=/my status"}), ElementsAre("--dir=/my status"));
}

TEST(WordsHelp, ListsEveryKeyWithWhatItTakesAndWhatItIsFor) {
    const std::string text = help();
    const auto expect_listed = [&](const std::string& key) {
        const std::size_t at = text.find("\n  " + key + "=");
        ASSERT_NE(at, std::string::npos) << key;
        std::istringstream lines(text.substr(at + 1));
        std::string takes;
        std::string what;
        std::getline(lines, takes);
        std::getline(lines, what);
        const std::size_t word = takes.find(' ', 2);
        EXPECT_NE(takes.find_first_not_of(' ', word), std::string::npos) << key << ": takes what?";
        EXPECT_TRUE(what.starts_with("     ")) << key << ": " << what;
        EXPECT_NE(what.find_first_not_of(' '), std::string::npos)
            << key << " has no description in config.schema.json";
    };
    for (const FrontendSetting& setting : frontend_settings()) {
        if (setting.on_command_line) expect_listed(setting.key);
    }
    for (const BackendSetting& setting : backend_settings())
        expect_listed(setting.key);
    EXPECT_THAT(text, HasSubstr("GROUP { \"+\" GROUP }"));
    EXPECT_THAT(text, HasSubstr("balance=roundrobin"));
    EXPECT_THAT(text, HasSubstr("roundrobin, leastconn, random, source or first"));
    EXPECT_THAT(text, testing::Not(HasSubstr("family"))) << "no key of the command line";
}

TEST(Words, ManyBackends) {
    Words words{"127.127.0.2:80"};
    for (int i = 0; i < 20'000; ++i)
        words.push_back("host" + std::to_string(i) + ":80");
    const auto parsed = parse_words(words);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->frontends[0].backends.size(), 20'000u);
}
