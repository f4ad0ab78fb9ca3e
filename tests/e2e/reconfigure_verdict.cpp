// reconfigure tells its caller what really happened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

class Verdict : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(1); }
    std::string config() const { return read_file(daemon.file("config.json")); }
    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    const Words words_a{place.to_string(), a.address()};
    const Words words_b{place.to_string(), b.address()};
    Words with(Words flags, const Words& table) const {
        flags.insert(flags.begin(), "reconfigure");
        flags.insert(flags.end(), table.begin(), table.end());
        return flags;
    }
};

}  // namespace

TEST_F(Verdict, IsOnTheRevisionThatWasWritten) {
    daemon.run(words_a);
    const CommandResult done = daemon.amba(with({"--wait"}, words_b));
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, HasSubstr("generation 2"));
    const auto verdict = daemon.verdict();
    EXPECT_EQ(verdict["result"], "applied");
    EXPECT_EQ(verdict["generation"], 2);
    EXPECT_EQ(verdict["saved"], true);
    EXPECT_EQ(verdict["unresolved"], nlohmann::json::array());
    EXPECT_EQ(verdict["revision"], nlohmann::json::parse(config())["revision"]);
    EXPECT_EQ(verdict["revision"], daemon.status()["revision"]);
    EXPECT_EQ(verdict["daemon"], daemon.status()["daemon"]);
    EXPECT_THAT(verdict["time"].get<std::string>(), StartsWith("20"));
}

TEST_F(Verdict, NamesWhatIsUnresolved) {
    daemon.run(words_a);
    const CommandResult done =
        daemon.amba(with({"--wait"}, {place.to_string(), a.address(), "no-such.invalid:1"}));
    EXPECT_EQ(done.code, 3);
    EXPECT_THAT(done.out, HasSubstr("no-such.invalid:1"));
    EXPECT_EQ(daemon.verdict()["unresolved"], nlohmann::json({"no-such.invalid:1"}));
    EXPECT_EQ(ask(), "a");
}

TEST_F(Verdict, OnWhatIsWrongIsGivenBeforeAnythingIsWritten) {
    daemon.run(words_a);
    for (const Words& wrong :
         {Words{"nonsense"}, Words{place.to_string(), "a", "99999"}, Words{"127.0.0.1:1", "x=y"},
          Words{place.to_string(), "weight=1", a.address()},
          Words{place.to_string(), a.address(), "weight=257"}, Words{}}) {
        const CommandResult done = daemon.amba(with({"--wait"}, wrong));
        EXPECT_EQ(done.code, 2) << done.err;
        EXPECT_THAT(done.err, StartsWith("amba: "));
    }
    EXPECT_EQ(daemon.amba({"reconfigure", "--file", "-"}, "{").code, 2);
    EXPECT_EQ(daemon.amba({"reconfigure", "--file", daemon.file("none")}).code, 1);
    EXPECT_EQ(daemon.amba({"reconfigure", "--file", "-", place.to_string()}, "{}").code, 2);
    EXPECT_FALSE(exists(daemon.file("config.json")));
    EXPECT_EQ(daemon.generation(), 1u);
}

TEST_F(Verdict, OfADryRunIsTheValidationAlone) {
    daemon.run(words_a);
    const CommandResult done = daemon.amba(with({"--dry-run"}, words_b));
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, HasSubstr("backend " + b.address() + " added"));
    EXPECT_EQ(daemon.amba(with({"--dry-run"}, {"nonsense"})).code, 2);
    EXPECT_FALSE(exists(daemon.file("config.json")));
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.generation(), 1u);
}

TEST_F(Verdict, OfShowconfigTakenBackChangesNothing) {
    daemon.run({place.to_string(), "name=redis", "removed=drain:30s", a.address(), "weight=3",
                b.address(), "backup=true"});
    const CommandResult shown = daemon.amba({"showconfig"});
    ASSERT_EQ(shown.code, 0);
    const CommandResult done = daemon.amba({"reconfigure", "--wait", "--file", "-"}, shown.out);
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(daemon.generation(), 2u);
    auto before = nlohmann::json::parse(shown.out);
    auto after = nlohmann::json::parse(daemon.amba({"showconfig"}).out);
    EXPECT_EQ(before["frontends"], after["frontends"]);
    EXPECT_EQ(before["generation"], 1);
    EXPECT_EQ(after["generation"], 2);
}

TEST_F(Verdict, OfDebugconfigTakenByFile) {
    daemon.run();
    const CommandResult json = run_amba({"debugconfig", place.to_string(), b.address()});
    write_in_place(daemon.file("table.json"), json.out);
    EXPECT_EQ(daemon.amba({"check", daemon.file("table.json")}).code, 0);
    EXPECT_EQ(daemon.amba({"reconfigure", "--wait", "--file", daemon.file("table.json")}).code, 0);
    EXPECT_EQ(ask(), "b");
}

TEST_F(Verdict, OfIfGenerationGuardsAgainstAnotherWriter) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.amba(with({"--wait", "--if-generation", "1"}, words_b)).code, 0);
    const CommandResult late = daemon.amba(with({"--wait", "--if-generation", "1"}, words_a));
    EXPECT_EQ(late.code, 1);
    EXPECT_THAT(late.err, HasSubstr("generation 2"));
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.amba(with({"--if-generation", "x"}, words_a)).code, 2);
}

TEST_F(Verdict, OfMergeReplacesOnlyTheFrontendsNamed) {
    const Place other = own_place();
    const Place third = own_place();
    daemon.run({place.to_string(), a.address(), "+", other.to_string(), a.address()});
    const CommandResult done =
        daemon.amba(with({"--wait", "--merge"},
                         {other.to_string(), b.address(), "+", third.to_string(), b.address()}));
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(Socket::connect(other).receive(1), "b");
    EXPECT_EQ(Socket::connect(third).receive(1), "b");
    const std::string overlapping = "*:" + std::to_string(kPort);
    EXPECT_EQ(daemon.amba(with({"--wait", "--merge"}, {overlapping, b.address()})).code, 2);
    EXPECT_EQ(ask(), "a");
}

TEST_F(Verdict, OfManyMergesAtOnceLosesNone) {
    daemon.run(words_a);
    std::vector<Place> places;
    std::vector<std::thread> writers;
    std::atomic<int> done{0};
    for (int i = 0; i < 8; ++i)
        places.push_back(own_place());
    for (const Place& at : places) {
        writers.emplace_back([&, at] {
            done += daemon.amba({"reconfigure", "--merge", at.to_string(), b.address()}).code == 0;
        });
    }
    for (std::thread& writer : writers)
        writer.join();
    EXPECT_EQ(done, 8);
    EXPECT_TRUE(eventually([&] { return daemon.status()["frontends"].size() == 9; }));
    for (const Place& at : places)
        EXPECT_EQ(Socket::connect(at).receive(1), "b");
}

TEST_F(Verdict, OfAMergeAfterARejectionBuildsOnWhatServes) {
    Peer squatter(script::hold, own_place());
    const Place other = own_place();
    daemon.run(words_a);
    EXPECT_EQ(daemon.amba(with({"--wait", "--merge"}, {squatter.address(), b.address()})).code, 1);
    const CommandResult done =
        daemon.amba(with({"--wait", "--merge"}, {other.to_string(), b.address()}));
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(Socket::connect(other).receive(1), "b");
}

TEST_F(Verdict, OfTheWholeTableNamesWhatGoes) {
    const Place other = own_place();
    daemon.run({place.to_string(), a.address(), "+", other.to_string(), a.address()});
    EXPECT_THAT(daemon.amba(with({"--wait"}, words_b)).out,
                HasSubstr("frontend " + other.to_string() + " removed"));
}

TEST_F(Verdict, WithoutADaemonIsANote) {
    const CommandResult done = daemon.amba(with({}, words_b));
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, HasSubstr("no ambassador answers"));
    daemon.run();
    EXPECT_EQ(ask(), "b");
}

TEST_F(Verdict, OfOneThatIsStoppedIsWaitedForInVain) {
    daemon.run({place.to_string(), a.address()});
    daemon.signal(SIGSTOP);
    const CommandResult waited = daemon.amba(with({"--wait=300ms"}, words_b));
    daemon.signal(SIGCONT);
    EXPECT_EQ(waited.code, 1);
    EXPECT_THAT(waited.err, HasSubstr("does not answer; is it stopped"));
    EXPECT_EQ(waited.err.find("no ambassador"), std::string::npos) << waited.err;
}

TEST_F(Verdict, WithoutADaemonIsWaitedForAndThenFails) {
    const auto start = Clock::now();
    const CommandResult done = daemon.amba(with({"--wait=300ms"}, words_b));
    EXPECT_EQ(done.code, 1);
    EXPECT_GE(since(start), 290ms);
    EXPECT_THAT(done.err, HasSubstr("no verdict within 300ms"));
    EXPECT_TRUE(exists(daemon.file("config.json")));
    daemon.run();
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.verdict()["result"], "applied");
}

TEST_F(Verdict, OfADaemonThatStartsMeanwhileIsTaken) {
    CommandResult done;
    std::thread helper([&] { done = daemon.amba(with({"--wait"}, words_b)); });
    ASSERT_TRUE(eventually([&] { return exists(daemon.file("config.json")); }));
    daemon.run();
    helper.join();
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(ask(), "b");
}

TEST_F(Verdict, OfTwoAtOnceIsATrueOneForEach) {
    daemon.run(words_a);
    for (int round = 0; round < 10; ++round) {
        CommandResult one;
        CommandResult two;
        std::thread first([&] { one = daemon.amba(with({"--wait"}, words_a)); });
        std::thread second([&] { two = daemon.amba(with({"--wait"}, words_b)); });
        first.join();
        second.join();
        const std::string last = nlohmann::json::parse(config())["revision"];
        for (const CommandResult& done : {one, two}) {
            const bool applied = done.code == 0;
            EXPECT_THAT(applied ? done.out : done.err,
                        HasSubstr(applied ? "applied as generation" : "superseded by " + last));
        }
        EXPECT_TRUE(one.code == 0 || two.code == 0);
        EXPECT_TRUE(eventually([&] { return daemon.status()["revision"] == last; }));
    }
}

TEST_F(Verdict, IsNotOneOfAnEarlierFile) {
    // A stale verdict.json, and a daemon that does not answer: nothing may be taken for a yes.
    daemon.run(words_a);
    daemon.reconfigure(words_b);
    daemon.kill();
    EXPECT_EQ(daemon.amba(with({"--wait=200ms"}, words_b)).code, 1);
}

TEST_F(Verdict, ComesByThePollingToo) {
    // A watch that polls looks twice a second. A helper that waited for it would begin each time
    // just after a look, and take half a second more than a helper that asks over the socket. Once
    // less is enough to show that it does not wait.
    const auto time_of = [](const Daemon& one, const Words& words) {
        const auto start = Clock::now();
        one.reconfigure(words);
        return since(start);
    };
    daemon.flags({"--poll"});
    daemon.run(words_a);
    Daemon watched;
    watched.run({own_place().to_string(), a.address()});
    const Words other{own_place().to_string(), b.address()};
    Milliseconds least = kPatience;
    Milliseconds least_watched = kPatience;
    for (int i = 0; i < 20 && (i < 2 || least >= least_watched + 300ms); ++i) {
        const Milliseconds polled = time_of(daemon, i % 2 == 0 ? words_b : words_a);
        if (i > 0) least = std::min(least, polled);  // the first may have come at any moment
        least_watched = std::min(least_watched, time_of(watched, other));
        EXPECT_EQ(ask(), i % 2 == 0 ? "b" : "a");
    }
    EXPECT_LT(least, least_watched + 300ms) << "a helper does not wait for the watch";
}

TEST_F(Verdict, OfSighupJudgesTheSameFileAgain) {
    Peer squatter(script::hold, own_place());
    auto taken = std::make_unique<Peer>(script::hold, own_place());
    const Place contested = taken->place();
    daemon.run(words_a);
    EXPECT_EQ(daemon.amba(with({"--wait"}, {contested.to_string(), b.address()})).code, 1);
    taken.reset();
    daemon.signal(SIGHUP);
    EXPECT_TRUE(daemon.logs("generation 2"));
    EXPECT_EQ(Socket::connect(contested).receive(1), "b");
    // The files are written after the table serves.
    EXPECT_TRUE(eventually([&] { return daemon.verdict()["result"] == "applied"; }));
}

TEST_F(Verdict, OfSighupWithoutAFileIsNone) {
    daemon.run(words_a);
    daemon.signal(SIGHUP);
    EXPECT_TRUE(daemon.logs("SIGHUP"));
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.generation(), 1u);
}

TEST_F(Verdict, OfShowconfigWithoutATableIsAFailure) {
    EXPECT_EQ(daemon.amba({"showconfig"}).code, 1);
    EXPECT_EQ(daemon.amba({"status"}).code, 1);
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 1);
    daemon.run();
    EXPECT_EQ(daemon.amba({"showconfig"}).code, 1);
    EXPECT_EQ(daemon.amba({"status"}).code, 0);
}

TEST_F(Verdict, OfShowconfigOutlivesTheDaemon) {
    daemon.run(words_a);
    const std::string shown = daemon.amba({"showconfig"}).out;
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.amba({"showconfig"}).out, shown);
}
