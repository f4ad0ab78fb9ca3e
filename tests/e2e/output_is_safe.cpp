// Output is printed as a whole, or the exit code is 1; and no text from outside drives the
// terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

CommandResult shell(const std::string& command, const Daemon& daemon) {
    Process::Options options;
    options.environment = {{"AMBA_DIR", daemon.dir()}, {"AMBA", amba_program()}};
    Process process({"/bin/sh", "-c", command}, options);
    CommandResult finished;
    finished.code = process.wait();
    finished.out = process.out();
    finished.err = process.err();
    return finished;
}

// C1's CSI, an override of direction, a separator of lines, an escape sequence.
const std::string kForeign =
    "x\xc2\x9b"
    "2J\xe2\x80\xae\xe2\x80\xa8\x1b[31my";
bool is_safe(const std::string& text) {
    for (const char* bad : {"\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\xa8", "\x1b"})
        if (text.find(bad) != std::string::npos) return false;
    return true;
}

}  // namespace

TEST(Output, ThatCannotBeWrittenIsAFailure) {
    Peer peer(script::greet_then_echo("a"));
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    for (const char* verb : {"showconfig", "status", "status --json", "status --events",
                             "check --schema", "healthcheck", "--help", "--version", "run --help",
                             "debugconfig 80 a:1", "reconfigure --dry-run 127.0.0.1:1 a:1"}) {
        const CommandResult done = shell(std::string("\"$AMBA\" ") + verb + " > /dev/full", daemon);
        EXPECT_EQ(done.code, 1) << verb;
        EXPECT_THAT(done.err, HasSubstr("cannot write to standard output: No space left")) << verb;
    }
    EXPECT_EQ(shell("\"$AMBA\" showconfig >&-", daemon).code, 1);
    EXPECT_EQ(shell("\"$AMBA\" showconfig", daemon).code, 0);
    // An exit code that says what was wrong stays.
    EXPECT_EQ(shell("\"$AMBA\" debugconfig x > /dev/full", daemon).code, 2);
}

TEST(Output, OfWhatAStrangerNamedIsSafe) {
    Peer peer(script::greet_then_echo("a"));
    const Place place = own_place();
    for (const char* format : {"text", "json"}) {
        Daemon daemon;
        daemon.flags({"--log-format", format});
        daemon.run();
        const nlohmann::json table{
            {"revision", kForeign},
            {"frontends",
             {{{"bind", place.to_string()}, {"backends", {{{"address", peer.address()}}}}}}}};
        write_and_rename(daemon.file("config.json"), table.dump());
        ASSERT_TRUE(daemon.logs("generation 1"));
        write_and_rename(
            daemon.file("config.json"),
            R"({"revision": "\u009b1", "frontends": [], ")" + std::string("\xc2\x9b") + "\": 1}");
        ASSERT_TRUE(daemon.logs("rejected"));
        EXPECT_TRUE(is_safe(daemon.log())) << daemon.log();
        for (const Words& verb : {Words{"status"},
                                  {"status", "--json"},
                                  {"status", "--events"},
                                  {"showconfig"},
                                  {"check"}}) {
            const CommandResult done = daemon.amba(verb);
            EXPECT_TRUE(is_safe(done.out)) << verb[0] << done.out;
            EXPECT_TRUE(is_safe(done.err)) << verb[0] << done.err;
        }
        // A parser gets the same text.
        EXPECT_EQ(nlohmann::json::parse(daemon.amba({"showconfig"}).out)["revision"], kForeign);
        // The holder of the lock writes its own name into the file.
        write_in_place(daemon.file("amba.lock"), kForeign);
        const CommandResult second = daemon.amba({"run"});
        EXPECT_EQ(second.code, 1);
        EXPECT_THAT(second.err, HasSubstr("in use by x"));
        EXPECT_TRUE(is_safe(second.err)) << second.err;
    }
}
