// amba status --watch on a real pseudo-terminal, and --events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstring>
#include <sstream>

#include "support/daemon.hpp"
#include "support/peer.hpp"
#include "support/terminal.hpp"

using namespace amba::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in(line);
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

class Watch : public testing::Test {
  protected:
    Daemon daemon;
    const Place place = own_place();
    Peer peer{script::greet_then_echo("ok")};
    Terminal terminal{24, 200};
    termios before{};

    void serve() { daemon.run({place.to_string(), "name=redis", peer.address()}); }
    void watch(const std::string& interval = "100ms") {
        before = terminal.settings();
        terminal.start({amba_program(), "status", "--watch", "--interval", interval},
                       {{"AMBA_DIR", daemon.dir()},
                        {"LC_ALL", "C.UTF-8"},
                        {"NO_COLOR", "1"},
                        {"TERM", "xterm"}});
    }
    void expect_all_given_back() {
        EXPECT_FALSE(terminal.alternate());
        EXPECT_TRUE(terminal.cursor_shown());
        EXPECT_TRUE(terminal.wraps());
        const termios after = terminal.settings();
        EXPECT_EQ(after.c_lflag, before.c_lflag);
        EXPECT_EQ(after.c_iflag, before.c_iflag);
        EXPECT_EQ(after.c_oflag, before.c_oflag);
        EXPECT_EQ(after.c_cflag, before.c_cflag);
        EXPECT_EQ(std::memcmp(after.c_cc, before.c_cc, sizeof before.c_cc), 0);
    }
};

}  // namespace

TEST_F(Watch, ShowsTheTableAndQuitsWithQ) {
    serve();
    const auto began = Clock::now();
    watch();
    ASSERT_TRUE(terminal.shows("redis " + place.to_string())) << terminal.raw();
    RecordProperty("first_frame_ms", static_cast<int>(since(began).count()));
    EXPECT_TRUE(terminal.alternate());
    EXPECT_FALSE(terminal.cursor_shown());
    const auto rows = terminal.screen();
    EXPECT_THAT(rows[0], HasSubstr("generation 1"));
    EXPECT_THAT(terminal.row_with(peer.address()), HasSubstr("unknown"));
    EXPECT_THAT(rows.back(), AllOf(HasSubstr("q quits"), HasSubstr("every 100ms")));
    EXPECT_EQ(terminal.raw().find("\x1b[0m"), std::string::npos) << "NO_COLOR";
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
    expect_all_given_back();
}

TEST_F(Watch, CountsAConnectionAndItsBytes) {
    serve();
    watch();
    ASSERT_TRUE(terminal.shows(peer.address()));
    Socket client = Socket::connect(place);
    client.receive(2);
    // ADDRESS STATE [FOR] WEIGHT NOW ...
    const auto now = [&] {
        const auto words = words_of(terminal.row_with("redis " + place.to_string()));
        return words.size() > 3 ? words[3] : "";
    };
    EXPECT_TRUE(eventually([&] { return now() == "1"; })) << terminal.raw();
    // The rate goes up for one interval, and the sparkline keeps it.
    EXPECT_TRUE(terminal.shows("█")) << terminal.raw();
    client.close();
    EXPECT_TRUE(eventually([&] { return now() == "0"; })) << terminal.raw();
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(Watch, FollowsTheSizeOfTheTerminal) {
    serve();
    watch("10m");  // the new size makes it paint, not the next look
    ASSERT_TRUE(terminal.shows("RETRIES"));
    terminal.resize(6, 60);
    ASSERT_TRUE(terminal.shows("q quits"));
    ASSERT_EQ(terminal.screen().size(), 6u);
    EXPECT_THAT(terminal.screen()[5], HasSubstr("q quits"));
    EXPECT_THAT(terminal.screen()[1], AllOf(HasSubstr("ADDRESS"), Not(HasSubstr("RETRIES"))));
    terminal.resize(30, 220);
    ASSERT_TRUE(terminal.shows("q quits"));
    EXPECT_THAT(terminal.screen()[29], HasSubstr("q quits"));
    EXPECT_THAT(terminal.screen()[1], HasSubstr("RETRIES"));
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
    expect_all_given_back();
}

TEST_F(Watch, EndsWithControlC) {
    serve();
    watch();
    ASSERT_TRUE(terminal.shows("redis"));
    terminal.type("\x03");
    EXPECT_EQ(terminal.wait(), 0);
    expect_all_given_back();
}

TEST_F(Watch, GivesTheTerminalBackAtASignal) {
    serve();
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        watch();
        ASSERT_TRUE(eventually([&] { return terminal.alternate(); })) << terminal.raw();
        terminal.signal(number);
        EXPECT_EQ(terminal.wait(), 0) << number;
        expect_all_given_back();
    }
}

TEST_F(Watch, GoesOnWhenTheDaemonIsGoneAndBack) {
    serve();
    watch();
    ASSERT_TRUE(terminal.shows("redis " + place.to_string()));
    daemon.stop();
    ASSERT_TRUE(terminal.shows("not answering since ")) << terminal.raw();
    EXPECT_THAT(terminal.row_with("redis"), HasSubstr(place.to_string())) << "the last frame stays";
    serve();
    EXPECT_TRUE(eventually([&] { return terminal.row_with("not answering").empty(); }));
    EXPECT_TRUE(terminal.shows("redis " + place.to_string()));
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(Watch, HeedsKeysWhileADaemonIsFrozen) {
    serve();
    watch();
    ASSERT_TRUE(terminal.shows("redis"));
    daemon.signal(SIGSTOP);
    // Eight times five seconds, if a key had to wait for the end of the question.
    const auto start = Clock::now();
    for (int i = 0; i < 8; ++i) {
        throughout(150ms, [] { return true; });  // by then it waits for an answer
        terminal.type(" ");
        EXPECT_TRUE(terminal.shows("PAUSED"));
        terminal.type(" ");
        EXPECT_TRUE(terminal.shows("pauses"));
    }
    EXPECT_LT(since(start), 20s) << "before the question's own time is over";
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
    daemon.signal(SIGCONT);
    expect_all_given_back();
}

TEST_F(Watch, PausesAndScrolls) {
    Words table;
    for (int i = 0; i < 30; ++i) {
        if (i > 0) table.emplace_back("+");
        table.insert(table.end(), {own_place().to_string(), "name=f" + std::to_string(i) + "."});
    }
    daemon.run(table);
    terminal.resize(10, 100);
    watch();
    ASSERT_TRUE(terminal.shows("f0."));
    EXPECT_EQ(terminal.row_with("f29."), "");
    terminal.type("G");
    EXPECT_TRUE(terminal.shows("f29.")) << terminal.raw();
    EXPECT_TRUE(terminal.shows("of 30"));
    terminal.type("\x1b[H");
    EXPECT_TRUE(terminal.shows("f0."));
    terminal.type("\x1b[B");
    EXPECT_TRUE(eventually([&] { return terminal.row_with("f0.").empty(); }));
    terminal.type(" ");
    ASSERT_TRUE(terminal.shows("PAUSED"));
    daemon.reconfigure({place.to_string(), "name=other", peer.address()});
    EXPECT_TRUE(throughout(300ms, [&] { return terminal.row_with("other").empty(); }));
    terminal.type(" ");
    EXPECT_TRUE(terminal.shows("other"));
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(Watch, OfOneCharacterIsPossible) {
    terminal.resize(1, 1);
    serve();
    watch();
    ASSERT_TRUE(terminal.shows("q"));
    terminal.type("q");
    EXPECT_EQ(terminal.wait(), 0);
    expect_all_given_back();
}

TEST_F(Watch, WithoutADaemonTakesNoTerminal) {
    watch();
    EXPECT_EQ(terminal.wait(), 1);
    EXPECT_THAT(terminal.raw(),
                AllOf(HasSubstr("is an ambassador running there?"), Not(HasSubstr("\x1b"))));
}

TEST_F(Watch, WithoutATerminalIsExit2) {
    serve();
    const CommandResult done = daemon.amba({"status", "--watch"});
    EXPECT_EQ(done.code, 2);
    EXPECT_EQ(done.out, "");
    EXPECT_THAT(done.err, AllOf(HasSubstr("needs a terminal"), HasSubstr("--json")));
}

TEST(StatusCommandLine, ThatMakesNoSenseIsExit2) {
    const struct {
        Words words;
        const char* said;
    } cases[] = {
        {{"--watch", "--json"}, "excludes"},         {{"--watch", "--events"}, "excludes"},
        {{"--interval", "2s"}, "--watch"},           {{"--limit", "5"}, "--events"},
        {{"--watch", "--interval", "2"}, "\"2\""},   {{"--watch", "--interval", "99ms"}, "100ms"},
        {{"--events", "--limit", "0"}, "1 to 1000"}, {{"--events", "--limit", "1001"}, "1 to 1000"},
        {{"--events", "--limit", "many"}, "many"},
    };
    for (const auto& c : cases) {
        Words words{"status"};
        words.insert(words.end(), c.words.begin(), c.words.end());
        const CommandResult done = run_amba(words);
        EXPECT_EQ(done.code, 2) << testing::PrintToString(words) << done.err;
        EXPECT_THAT(done.err, HasSubstr(c.said)) << testing::PrintToString(words);
        EXPECT_EQ(done.out, "");
    }
}
