// Exit codes, usage, and what a wrong command line is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CommandLine, WithoutArgumentsIsUsage) {
    for (const Words& words : {Words{}, Words{"--help"}, Words{"-h"}, Words{"help"}}) {
        const CommandResult done = run_amba(words);
        EXPECT_EQ(done.code, 0);
        EXPECT_THAT(done.out, HasSubstr("Usage"));
        EXPECT_EQ(done.err, "");
    }
}

TEST(CommandLine, OfEachVerbHasHelpWithAnExample) {
    for (const char* verb : {"run", "reconfigure", "debugconfig", "showconfig", "check", "status",
                             "healthcheck", "batch", "listeners"}) {
        const CommandResult done = run_amba({verb, "--help"});
        EXPECT_EQ(done.code, 0) << verb;
        EXPECT_THAT(done.out, HasSubstr("Example")) << verb;
        EXPECT_EQ(done.err, "") << verb;
        const CommandResult wrong = run_amba({verb, "--no-such-flag"});
        EXPECT_EQ(wrong.code, 2) << verb;
        EXPECT_THAT(wrong.err, HasSubstr("--no-such-flag")) << verb;
        EXPECT_EQ(wrong.out, "") << verb;
    }
}

TEST(CommandLine, SaysItsVersion) {
    const CommandResult done = run_amba({"--version"});
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
        {{"run", "--drain-timeout", "8", "6379"}, "\"8\""},
        {{"run", "--admin", "nowhere", "6379"}, "nowhere"},
        {{"run", "--log-level", "loud"}, "\"loud\"; expected debug, info, warning or error"},
        {{"run", "--log-format", "xml"}, "\"xml\"; expected text or json"},
        {{"run", "--log-connections=x", "6379"}, "\"x\"; expected a whole number"},
        {{"run", "--poll=x", "6379"}, "\"--poll=x\" is a switch; expected --poll alone"},
        {{"status", "--events", "--limit", "x"}, "\"x\"; expected a whole number, 1 to 1000"},
        {{"status", "--events", "--limit", "0"}, "\"0\"; expected a whole number, 1 to 1000"},
        {{"status", "--events", "--limit", "1001"}, "\"1001\"; expected a whole number, 1 to"},
        {{"status", "--json=x"}, "\"--json=x\" is a switch"},
        {{"healthcheck", "--ready=2"}, "\"--ready=2\" is a switch"},
        {{"check", "--schema=5"}, "\"--schema=5\" is a switch"},
        {{"help", "bogus"}, "\"bogus\" is no topic of help; expected one of batch, check, "},
        {{"help", "table", "bogus"}, "\"bogus\" after help table"},
        {{"reconfigure", "--wait=soon", "6379"}, "soon"},
        {{"reconfigure", "--wait", "10s", "6379", "a:1"},
         "\"10s\" is a time and no frontend; expected --wait=10s"},
        {{"reconfigure", "--if-generation", "x", "6379"}, "\"x\"; expected a whole number, 0 or"},
        {{"reconfigure", "--if-generation", "-1", "6379"}, "\"-1\"; expected a whole number"},
        {{"debugconfig"}, "TABLE"},
    };
    for (const auto& c : cases) {
        const CommandResult done = run_amba(c.words);
        EXPECT_EQ(done.code, 2) << testing::PrintToString(c.words) << done.err;
        EXPECT_THAT(done.err, HasSubstr(c.quoted)) << testing::PrintToString(c.words);
        EXPECT_EQ(done.out, "");
    }
}

// A variable that is not set must not name a directory: "/" or the first word of the table.
TEST(CommandLine, ThatIsEmptyIsRefused) {
    for (const Words& words :
         {Words{"run", "--dir", "", "6379"}, Words{"run", "--dir=", "6379"},
          Words{"run", "--state-dir", "", "6379"}, Words{"status", "--dir", ""},
          Words{"--dir", "", "showconfig"}, Words{"healthcheck", "--dir", ""},
          Words{"reconfigure", "--dir", "", "6379"}, Words{"check", ""}}) {
        const CommandResult done = run_amba(words);
        EXPECT_EQ(done.code, 2) << testing::PrintToString(words) << done.err;
        EXPECT_THAT(done.err, AnyOf(HasSubstr("is empty; expected"), HasSubstr("has no value")));
        EXPECT_EQ(done.out, "");
    }
}

TEST(CommandLine, HelpOfAVerbIsThatOfTheVerb) {
    for (const char* verb : {"run", "reconfigure", "status"}) {
        const CommandResult done = run_amba({"help", verb});
        EXPECT_EQ(done.code, 0) << verb;
        EXPECT_EQ(done.out, run_amba({verb, "--help"}).out);
        EXPECT_THAT(done.out, HasSubstr("Example")) << verb;
    }
    const CommandResult table = run_amba({"help", "table"});
    EXPECT_EQ(table.code, 0);
    EXPECT_THAT(table.out, HasSubstr("timeouts.connect=5s"));
    EXPECT_THAT(run_amba({}).out, HasSubstr("amba help table"));
}

TEST(CommandLine, MayHaveOptionsBeforeTheVerb) {
    TempDir dir;
    const std::string volume = dir / "my volume";
    std::filesystem::create_directory(volume);
    for (const Words& words :
         {Words{"--dir", volume, "status"}, Words{"--dir=" + volume, "status", "--json"},
          Words{"--dir", volume, "--state-dir", dir / "s", "healthcheck"}}) {
        const CommandResult done = run_amba(words);
        EXPECT_EQ(done.code, 1) << done.err;
        EXPECT_THAT(done.err, HasSubstr("amba.sock")) << done.err;
    }
    // What belongs to an option is no verb.
    const CommandResult run = run_amba({"--dir", "status", "0"});
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr("\"0\""));
}

TEST(CommandLine, WithABlankInAPathIsNotSplit) {
    TempDir dir;
    const std::string volume = dir / "my volume";
    std::filesystem::create_directory(volume);
    const std::string file = volume + "/config.json";
    write_in_place(file, run_amba({"debugconfig", "6379", "a:1"}).out);
    EXPECT_EQ(run_amba({"check", file}).code, 0);
    EXPECT_EQ(run_amba({"--dir=" + volume, "check"}).code, 0);
    EXPECT_EQ(run_amba({"check", "--dir=" + volume}).code, 0);
    EXPECT_EQ(run_amba({"reconfigure", "--dir=" + volume, "6379", "b:1"}).code, 0);
    EXPECT_EQ(run_amba({"reconfigure", "6379 c 1", "--dir=" + volume}).code, 0);
    EXPECT_THAT(run_amba({"--dir", volume, "reconfigure", "--dry-run", "6379", "c:1"}).out,
                HasSubstr("no change"));
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
    const CommandResult bad = run_amba({"check", dir / "bad.json"});
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
    const CommandResult done =
        run_amba({"debugconfig", "127.127.0.2:6379", "redis1", "6379"}, options);
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
        const CommandResult done = run_amba(words, options);
        EXPECT_EQ(done.code, 1) << words[0];
        EXPECT_THAT(done.err, HasSubstr("/nonexistent/volume")) << words[0];
    }
}
