// Exit codes, usage, and what a wrong command line is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CommandLine, WithoutArgumentsIsUsage) {
    for (const Words& words : {Words{}, Words{"--help"}, Words{"-h"}, Words{"help"}}) {
        const Finished done = run_amba(words);
        EXPECT_EQ(done.code, 0);
        EXPECT_THAT(done.out, HasSubstr("Usage"));
        EXPECT_EQ(done.err, "");
    }
}

TEST(CommandLine, OfEachVerbHasHelpWithAnExample) {
    for (const char* verb :
         {"run", "reconfigure", "debugconfig", "showconfig", "check", "status", "healthcheck"}) {
        const Finished done = run_amba({verb, "--help"});
        EXPECT_EQ(done.code, 0) << verb;
        EXPECT_THAT(done.out, HasSubstr("Example")) << verb;
        EXPECT_EQ(done.err, "") << verb;
        const Finished wrong = run_amba({verb, "--no-such-flag"});
        EXPECT_EQ(wrong.code, 2) << verb;
        EXPECT_THAT(wrong.err, HasSubstr("--no-such-flag")) << verb;
        EXPECT_EQ(wrong.out, "") << verb;
    }
}

TEST(CommandLine, SaysItsVersion) {
    const Finished done = run_amba({"--version"});
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, StartsWith("amba "));
    EXPECT_THAT(done.out, HasSubstr("Boost"));
    EXPECT_THAT(done.out, HasSubstr("c-ares"));
}

TEST(CommandLine, ThatIsWrongIsExit2AndQuotesTheWord) {
    const struct {
        Words words;
        const char* quoted;
    } cases[] = {
        {{"bogus"}, "\"bogus\""},
        {{"run", "bogus"}, "\"bogus\""},
        {{"run", "0", "a", "1"}, "\"0\""},
        {{"run", "65536", "a", "1"}, "\"65536\""},
        {{"6379", "redis"}, "\"redis\""},
        {{"6379", "10.0.0.1", "70000"}, "\"70000\""},
        {{"6379", "12345", "80"}, "\"12345\""},
        {{"6379", "a:1", "weight=257"}, "257"},
        {{"6379", "a:1", "wait=1"}, "wait"},
        {{"6379", "a:1", "weight=1", "weight=2"}, "weight"},
        {{"6379", "+", "+", "6380"}, "+"},
        {{"host:6379", "a:1"}, "\"host:6379\""},
        {{"run", "--log-level", "loud"}, "loud"},
        {{"run", "--log-format", "xml"}, "xml"},
        {{"run", "--drain-timeout", "8", "6379"}, "\"8\""},
        {{"run", "--admin", "nowhere", "6379"}, "nowhere"},
        {{"reconfigure", "--wait=soon", "6379"}, "soon"},
        {{"debugconfig"}, "TABLE"},
    };
    for (const auto& c : cases) {
        const Finished done = run_amba(c.words);
        EXPECT_EQ(done.code, 2) << testing::PrintToString(c.words) << done.err;
        EXPECT_THAT(done.err, HasSubstr(c.quoted)) << testing::PrintToString(c.words);
        EXPECT_EQ(done.out, "");
    }
}

TEST(CommandLine, InOneStringIsSplit) {
    const std::string expected = run_amba({"debugconfig", "6379", "a", "1", "b:2"}).out;
    EXPECT_EQ(run_amba({"debugconfig", "6379 a 1 b:2"}).out, expected);
    EXPECT_EQ(run_amba({"debugconfig 6379 a 1 b:2"}).out, expected);
    EXPECT_EQ(run_amba({"debugconfig  6379\ta 1", "b:2"}).out, expected);
}

TEST(CommandLine, WithoutTheVerbIsRun) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    TempDir volume;
    Process::Options options;
    options.environment["AMBA_DIR"] = volume.path();
    for (const Words& words :
         {Words{place.to_string(), peer.address()},
          Words{place.to_string() + " 127.0.0.1 " + std::to_string(peer.place().port)}}) {
        Words command{amba_program()};
        command.insert(command.end(), words.begin(), words.end());
        Process amba(command, options);
        ASSERT_TRUE(eventually([&] { return !is_refused(place); })) << amba.err();
        EXPECT_EQ(Socket::connect(place).receive(2), "ok");
        amba.signal(15);
        EXPECT_EQ(amba.wait(), 0);
    }
}

TEST(CommandLine, OfCheckNamesLineColumnAndPointer) {
    TempDir dir;
    write_in_place(dir / "bad.json",
                   "{\n  \"frontends\": [\n    {\"bind\": \"nonsense\"}\n  ]\n}\n");
    const Finished bad = run_amba({"check", dir / "bad.json"});
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.err, HasSubstr(dir / "bad.json" + ":3:"));
    EXPECT_THAT(bad.err, HasSubstr("/frontends/0/bind"));
    EXPECT_EQ(run_amba({"check", dir / "none.json"}).code, 1);
    Process::Options options;
    options.input = run_amba({"debugconfig", "6379", "a:1"}).out;
    EXPECT_EQ(run_amba({"check", "-"}, options).code, 0);
}

TEST(CommandLine, DebugconfigTouchesNothing) {
    TempDir dir;
    Process::Options options;
    options.environment["AMBA_DIR"] = dir / "none";
    const Finished done = run_amba({"debugconfig", "127.127.0.2:6379", "redis1", "6379"}, options);
    EXPECT_EQ(done.code, 0);
    const auto json = nlohmann::json::parse(done.out);
    EXPECT_EQ(json["frontends"][0]["bind"], "127.127.0.2:6379");
    EXPECT_EQ(json["frontends"][0]["backends"][0]["address"], "redis1:6379");
    EXPECT_FALSE(exists(dir / "none"));
}

TEST(CommandLine, OfAVerbWithoutAVolumeSaysWhere) {
    Process::Options options;
    options.environment["AMBA_DIR"] = "/nonexistent/volume";
    for (const Words& words : {Words{"status"}, Words{"healthcheck"}, Words{"showconfig"},
                               Words{"reconfigure", "6379", "a:1"}}) {
        const Finished done = run_amba(words, options);
        EXPECT_EQ(done.code, 1) << words[0];
        EXPECT_THAT(done.err, HasSubstr("/nonexistent/volume")) << words[0];
    }
}
