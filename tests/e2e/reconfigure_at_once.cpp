// Writers at the same time: a condition is met by one of them, and a merge is in effect when it
// says so, whatever the others do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class AtOnce : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(1); }
    Words with(Words flags, const Words& table) const {
        flags.insert(flags.begin(), "reconfigure");
        flags.insert(flags.end(), table.begin(), table.end());
        return flags;
    }
    // The commands, begun at the same time.
    std::vector<CommandResult> run(const std::vector<Words>& commands) const {
        std::vector<CommandResult> out(commands.size());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < commands.size(); ++i)
            threads.emplace_back([&, i] { out[i] = daemon.amba(commands[i]); });
        for (std::thread& thread : threads)
            thread.join();
        return out;
    }
    std::string conditional(const Peer& peer, int generation, const std::string& revision) const {
        return R"({"revision": ")" + revision + R"(", "if-generation": )" +
               std::to_string(generation) + R"(, "frontends": [{"bind": ")" + place.to_string() +
               R"(", "backends": [{"address": ")" + peer.address() + "\"}]}]}";
    }
    std::string config() const { return daemon.file("config.json"); }
    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    const Words words_a{place.to_string(), a.address()};
    const Words words_b{place.to_string(), b.address()};
};

}  // namespace

TEST_F(AtOnce, OneOfTwoMeetsAConditionOfBoth) {
    daemon.run(words_a);
    for (int round = 1; round <= 20; ++round) {
        const std::string now = std::to_string(round);
        // With --wait or without, a user who sets a condition is told whether it was met.
        const Words flags = round % 2 == 0 ? Words{"--if-generation", now}
                                           : Words{"--wait=20s", "--if-generation", now};
        const auto done = run({with(flags, words_a), with(flags, words_b)});
        ASSERT_EQ((done[0].code == 0) + (done[1].code == 0), 1)
            << done[0].out << done[0].err << done[1].out << done[1].err;
        const CommandResult& lost = done[0].code == 0 ? done[1] : done[0];
        ASSERT_EQ(lost.code, 1);
        ASSERT_THAT(lost.err, HasSubstr("generation " + std::to_string(round + 1)));
        ASSERT_EQ(ask(), done[0].code == 0 ? "a" : "b");
        ASSERT_EQ(daemon.generation(), static_cast<unsigned>(round + 1));
    }
}

TEST_F(AtOnce, WithoutAnAmbassadorTheFirstOneMeetsIt) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    const auto done =
        run({with({"--if-generation", "1"}, words_a), with({"--if-generation", "1"}, words_b)});
    EXPECT_EQ((done[0].code == 0) + (done[1].code == 0), 1) << done[0].err << done[1].err;
    // Which generation that one will be is not known before it is judged.
    const CommandResult third = daemon.amba(with({"--if-generation", "2"}, words_b));
    EXPECT_EQ(third.code, 1);
    EXPECT_THAT(third.err, HasSubstr("no ambassador has judged yet"));
    daemon.run(words_a);
    EXPECT_EQ(ask(), done[0].code == 0 ? "a" : "b");
    EXPECT_EQ(daemon.generation(), 2u);
    EXPECT_EQ(daemon.amba(with({"--wait=20s", "--if-generation", "2"}, words_b)).code, 0);
    EXPECT_EQ(ask(), "b");
}

TEST_F(AtOnce, AConditionInTheFileIsJudgedWithIt) {
    daemon.run(words_a);
    write_and_rename(config(), conditional(b, 7, "late"));
    ASSERT_TRUE(daemon.logs("rejected: revision late"));
    EXPECT_THAT(daemon.log(), HasSubstr("generation 7 (if-generation), and the active table has "
                                        "generation 1"));
    // The file is not taken later either, by SIGHUP or by a restart.
    daemon.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.lines("rejected: revision late") == 2; }));
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_a);
    EXPECT_TRUE(daemon.logs("rejected: revision late"));
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.generation(), 1u);
    // A condition that was met stays met, for SIGHUP and for an edit of the file that keeps its
    // revision.
    write_and_rename(config(), conditional(b, 1, "met"));
    ASSERT_TRUE(daemon.logs("generation 2, revision met"));
    daemon.signal(SIGHUP);
    EXPECT_TRUE(daemon.logs("generation 3, revision met"));
    write_and_rename(config(), conditional(a, 1, "met"));
    EXPECT_TRUE(daemon.logs("generation 4, revision met"));
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.lines("rejected: revision met"), 0u) << daemon.log();
}

TEST_F(AtOnce, TwelveMergesAreInEffectWhenTheySaySo) {
    daemon.run(words_a);
    std::vector<Place> places;
    std::vector<Words> commands;
    for (int i = 0; i < 12; ++i) {
        places.push_back(own_place());
        commands.push_back(
            with({"--merge", "--wait=20s"}, {places.back().to_string(), b.address()}));
    }
    for (const CommandResult& done : run(commands))
        EXPECT_EQ(done.code, 0) << done.err;
    for (const Place& at : places)
        EXPECT_EQ(Socket::connect(at).receive(1), "b");
    EXPECT_EQ(daemon.frontend()["backends"][0]["address"], a.address());
}

TEST_F(AtOnce, AMergeThatCannotBeBoundFailsAlone) {
    daemon.run(words_a);
    Peer squatter(script::hold, own_place());
    std::vector<Place> places;
    std::vector<Words> commands;
    for (int i = 0; i < 8; ++i) {
        places.push_back(own_place());
        const std::string bind = i % 4 == 1 ? squatter.address() : places.back().to_string();
        commands.push_back(with({"--merge", "--wait=20s"}, {bind, b.address()}));
    }
    const auto done = run(commands);
    for (std::size_t i = 0; i < done.size(); ++i) {
        EXPECT_EQ(done[i].code, i % 4 == 1 ? 1 : 0) << done[i].err;
        if (i % 4 == 1) {
            EXPECT_THAT(done[i].err, HasSubstr("taken"));
        }
        if (i % 4 != 1) {
            EXPECT_EQ(Socket::connect(places[i]).receive(1), "b");
        }
    }
}

TEST_F(AtOnce, AMergeIsInEffectThroughTheFileThatTookItsPlace) {
    // The first file is never judged: the second one, with the same frontend in it, replaces it.
    CommandResult first;
    const Place other = own_place();
    std::thread helper([&] {
        first = daemon.amba(with({"--merge", "--wait=30s"}, {other.to_string(), b.address()}));
    });
    ASSERT_TRUE(eventually([&] { return exists(config()); }));
    write_and_rename(config(), run_amba({"debugconfig", place.to_string(), a.address(), "+",
                                         other.to_string(), b.address()})
                                   .out);
    daemon.run();
    helper.join();
    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_THAT(first.out, HasSubstr("in effect; superseded by"));
    EXPECT_EQ(Socket::connect(other).receive(1), "b");
}

TEST_F(AtOnce, ADryRunSaysWhatItsFlagsWouldDo) {
    const Place other = own_place();
    daemon.run(words_a);
    const CommandResult merge =
        daemon.amba(with({"--dry-run", "--merge"}, {other.to_string(), b.address()}));
    EXPECT_EQ(merge.code, 0) << merge.err;
    EXPECT_THAT(merge.out, HasSubstr("2 frontend(s)"));
    EXPECT_THAT(merge.out, testing::Not(HasSubstr("removed")));
    EXPECT_THAT(daemon.amba(with({"--dry-run"}, {other.to_string(), b.address()})).out,
                HasSubstr("frontend " + place.to_string() + " removed"));
    const std::string overlapping = "*:" + std::to_string(kPort);
    EXPECT_EQ(daemon.amba(with({"--dry-run", "--merge"}, {overlapping, b.address()})).code, 2);
    EXPECT_EQ(daemon.amba(with({"--dry-run", "--if-generation", "1"}, words_b)).code, 0);
    const CommandResult late = daemon.amba(with({"--dry-run", "--if-generation", "7"}, words_b));
    EXPECT_EQ(late.code, 1);
    EXPECT_THAT(late.err, HasSubstr("generation 1, not 7"));
    EXPECT_FALSE(exists(config()));
}
