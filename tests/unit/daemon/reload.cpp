// What is judged of config.json, and what is left alone.
#include <filesystem>

#include "tests/unit/daemon/judging.hpp"

using namespace amba;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

class Reload : public test::Running {
  protected:
    // A table for an address that another process has.
    std::string taken_table() const { return front(taken + ":6379", b + ":6379"); }
    const std::string taken = serve("squatter");
};

}  // namespace

TEST_F(Reload, JudgesTheFirstFile) {
    const std::string text = text_of(to_a, "r1");
    put(text);
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(told(), "applied 1");
    EXPECT_TRUE(reload->saved());
    const auto verdict = verdict_file();
    EXPECT_EQ(told(verdict), "applied 1");
    EXPECT_EQ(verdict->revision, "r1");
    EXPECT_EQ(verdict->digest, digest_of(text));
    EXPECT_EQ(verdict->daemon, "daemon");
    const auto active = active_file();
    EXPECT_EQ(active->table, table_of(to_a));
    EXPECT_EQ(active->generation, 1u);
    EXPECT_EQ(active->revision, "r1");
    EXPECT_EQ(active->judged, digest_of(text));
    EXPECT_EQ(active->command_line, words);
}

TEST_F(Reload, DoesNotJudgeWhatItHasJudged) {
    put(to_a, "r1");
    reload->changed();
    settle();
    put(to_a, "r1");  // the same bytes in another file
    test::write_in_place(paths.config(), text_of(to_a, "r1"));
    reload->changed();
    settle();
    EXPECT_EQ(reload->applied(), 1u);
    EXPECT_EQ(generation(), 1u);
}

TEST_F(Reload, JudgesEachOtherContent) {
    put(to_a, "r1");
    put(to_b, "r1");
    EXPECT_EQ(who(place), "b") << "the same revision, and another table";
    put(to_b, "r2");
    EXPECT_EQ(generation(), 3u) << "the same table, and another revision";
    test::write_in_place(paths.config(), text_of(to_a, "r3"));
    reload->changed();
    settle();
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(active_file()->generation, 4u);
    EXPECT_EQ(reload->applied(), 4u);
}

TEST_F(Reload, SaysWhatIsWrongAndGoesOn) {
    put(to_a, "r1");
    put("{\"revision\": \"r2\",\n \"frontends\": 7}");
    EXPECT_EQ(who(place), "a");
    EXPECT_THAT(told(), StartsWith("rejected 1: " + paths.config() + ":2:"));
    EXPECT_THAT(told(verdict_file()), StartsWith("rejected 1: " + paths.config() + ":2:"));
    EXPECT_EQ(verdict_file()->revision, "r2");
    EXPECT_EQ(active_file()->revision, "r1") << "the last good one";
    // What is wrong stays wrong.
    reload->changed();
    settle();
    put("{\"revision\": \"r2\",\n \"frontends\": 7}");
    EXPECT_EQ(reload->rejected(), 1u);
    put("{");
    EXPECT_EQ(reload->rejected(), 2u);
    put(to_b, "r3");
    EXPECT_EQ(told(), "applied 2");
}

TEST_F(Reload, JudgesATableThatCouldNotServeOnceItIsWrittenAgain) {
    put(to_a, "r1");
    put(taken_table(), "r2");
    EXPECT_THAT(told(), HasSubstr("rejected 1: cannot bind " + taken));
    reload->changed();
    settle();
    EXPECT_EQ(reload->rejected(), 1u) << "it is the same file";
    put(taken_table(), "r2");
    EXPECT_EQ(reload->rejected(), 2u);
    stop_serving("squatter");
    put(taken_table(), "r2");
    EXPECT_EQ(told(), "applied 2");
    EXPECT_EQ(who(taken + ":6379"), "b");
    // That is over: it is an accepted one like any other.
    put(taken_table(), "r2");
    EXPECT_EQ(reload->applied(), 2u);
}

TEST_F(Reload, LeavesTheTableWhenTheFileIsGone) {
    put(to_a, "r1");
    remove();
    reload->changed();
    settle();
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(told(), "applied 1");
    EXPECT_EQ(answer_to({"r2", ""}).superseded_by, "no config.json");
    put(to_a, "r1");
    EXPECT_EQ(told(), "applied 2") << "put back, it is judged";
}

TEST_F(Reload, SaysOnceThatTheFileCannotBeRead) {
    put(to_a, "r1");
    remove();
    std::filesystem::create_directory(paths.config());
    for (int i = 0; i < 3; ++i) {
        reload->changed();
        settle();
    }
    EXPECT_EQ(reload->rejected(), 1u);
    EXPECT_THAT(told(), HasSubstr("not a regular file"));
    EXPECT_EQ(who(place), "a");
    std::filesystem::remove(paths.config());
    put(to_b, "r2");
    EXPECT_EQ(told(), "applied 2");
}

TEST_F(Reload, HoldsAFileToItsCondition) {
    put(text_of(to_a, "r1", 0));
    EXPECT_EQ(told(), "applied 1") << "there was none before";
    put(text_of(to_b, "r2", 7));
    EXPECT_THAT(told(), HasSubstr("rejected 1: it is for the place of generation 7"));
    put(text_of(to_b, "r3", 1));
    EXPECT_EQ(told(), "applied 2");
}

TEST_F(Reload, TellsWhatDoesNotResolveAndWhoWaits) {
    put(to_a, "r1");
    put(front(place, "db:6379"), "r2");
    const auto verdict = verdict_file();
    EXPECT_TRUE(verdict->applied);
    EXPECT_THAT(verdict->unresolved, ElementsAre("db:6379"));
    ASSERT_EQ(verdict->waiting.size(), 1u);
    EXPECT_EQ(verdict->waiting[0].frontend, place);
    EXPECT_THAT(verdict->waiting[0].until, ElementsAre("db:6379"));
    EXPECT_EQ(who(place), "a");
}

TEST_F(Reload, AgainJudgesWhatItHasJudged) {
    put(to_a, "r1");
    reload->again();
    settle();
    EXPECT_EQ(told(), "applied 2");
    reload->changed();
    settle();
    EXPECT_EQ(reload->applied(), 2u) << "that was once";
    put("{");
    reload->again();
    settle();
    EXPECT_EQ(reload->rejected(), 2u);
    remove();
    reload->again();
    settle();
    EXPECT_EQ(reload->applied() + reload->rejected(), 4u) << "there is nothing to judge";
    EXPECT_EQ(who(place), "a");
}

// ---- the state directory cannot be written ----

class ReloadUnwritable : public test::Judging {
  protected:
    ReloadUnwritable() {
        paths.state = directory / "state";
        start_judging();
        reload->ready();
    }
    void cannot_be_written() {
        std::filesystem::remove_all(paths.state);
        test::write_in_place(paths.state, "a file");
    }
    void can_be_written() {
        std::filesystem::remove(paths.state);
        std::filesystem::create_directory(paths.state);
    }
};

TEST_F(ReloadUnwritable, TheTableServesAndIsNotSaved) {
    cannot_be_written();
    const std::size_t before = logged("volume");
    const std::string text = text_of(to_a, "r1");
    write(text);
    const auto& reply = answer_to({"r1", digest_of(text)});
    EXPECT_EQ(told(reply.verdict), "applied 1");
    EXPECT_FALSE(reply.verdict->saved);
    EXPECT_FALSE(reload->saved());
    EXPECT_EQ(who(place), "a");
    put("{");
    put(to_b, "r2");
    EXPECT_EQ(who(place), "b");
    EXPECT_EQ(logged("volume"), before + 1) << "it is said once";
    can_be_written();
    put(to_a, "r3");
    EXPECT_TRUE(reload->saved());
    EXPECT_TRUE(verdict_file()->saved);
    EXPECT_EQ(active_file()->generation, 3u);
    cannot_be_written();
    put(to_b, "r4");
    EXPECT_FALSE(reload->saved());
    EXPECT_EQ(logged("volume"), before + 2) << "it was well in between";
}

TEST_F(ReloadUnwritable, NothingIsSaidThatTheStartHasSaid) {
    cannot_be_written();
    reload->said_unwritable();
    const std::size_t before = logged("volume");
    put(to_a, "r1");
    EXPECT_FALSE(reload->saved());
    EXPECT_EQ(logged("volume"), before);
}

// What stands in the way of its new name cannot be removed.
TEST_F(ReloadUnwritable, TheLastActiveTableStaysWhole) {
    can_be_written();
    put(to_a, "r1");
    std::filesystem::create_directory(paths.state + "/.active.json.new");
    put(to_b, "r2");
    EXPECT_EQ(who(place), "b");
    EXPECT_FALSE(reload->saved());
    EXPECT_FALSE(verdict_file()->saved);
    EXPECT_EQ(active_file()->revision, "r1");
    put("{");
    EXPECT_FALSE(reload->saved()) << "a rejection saves no table";
}

// As while another process takes over.
TEST_F(Reload, WaitsWhileItIsHeld) {
    put(to_a, "r1");
    write(to_b, "r2");
    reload->changed();
    unsigned held = 0;
    reload->hold([&] { ++held; });
    EXPECT_EQ(held, 0u) << "a table is being judged";
    EXPECT_TRUE(turn_until([&] { return held > 0; }));
    EXPECT_EQ(generation(), 2u);
    write(to_a, "r3");
    reload->changed();
    Question& question = ask({});
    finish_jobs();
    turn();
    EXPECT_EQ(generation(), 2u);
    EXPECT_EQ(question.answers, 0u);
    reload->resume();
    answer(question);
    EXPECT_EQ(generation(), 3u);
    reload->hold([&] { ++held; });
    EXPECT_EQ(held, 2u) << "nothing is under way";
    Question& last = ask({});
    reload->stop();
    EXPECT_TRUE(answer(last).stopping);
}
