// The start, in the order of the daemon: what was found, a table to start with or several, ready or
// rejected. And what is made again when the state directory was emptied.
#include <sys/stat.h>
#include <unistd.h>

#include <future>

#include "tests/unit/daemon/judging.hpp"

using namespace amba;
using testing::HasSubstr;

namespace {

class ReloadStart : public test::Judging {
  protected:
    // What stands in the volume, before which there was a table with that digest.
    void find(const std::string& remembered = "", const std::string& passed_over = "") {
        volume::ConfigState before;
        before.digest = remembered;
        look = volume::look_at_config(paths, before);
        reload->found(look, remembered, passed_over);
    }
    // Tries a table to start with; empty, or why it cannot serve.
    std::string first(const std::string& table, const std::string& revision,
                      std::uint64_t generation, bool from_config) {
        std::optional<std::string> reason;
        reload->first(table_of(table), revision, generation, from_config, [&](const auto& why) {
            EXPECT_FALSE(reason) << "told twice";
            reason = why;
        });
        EXPECT_TRUE(turn_until([&] { return reason.has_value(); }));
        return reason.value_or("nothing is said");
    }

    volume::ConfigLook look;
    const std::string text_a = text_of(to_a, "r1");
    const std::string text_b = text_of(to_b, "r2");
};

}  // namespace

TEST_F(ReloadStart, JudgesNothingBeforeItIsReady) {
    find();
    write(text_a);
    reload->changed();
    reload->again();
    auto& question = ask({"r1", digest_of(text_a)});
    EXPECT_EQ(first(to_b, "words", 0, false), "");
    turn();
    EXPECT_EQ(question.answers, 0u);
    EXPECT_EQ(who(place), "b");
    reload->ready();
    EXPECT_EQ(told(answer(question).verdict), "applied 2");
    EXPECT_EQ(who(place), "a");
    settle();
    EXPECT_EQ(reload->applied(), 2u);
}

TEST_F(ReloadStart, WithTheFileThatWasFoundJudgesItOnce) {
    write(text_a);
    find();
    activation->continue_after(7);
    EXPECT_EQ(first(to_a, "r1", 0, true), "");
    EXPECT_EQ(told(verdict_file()), "applied 8");
    EXPECT_EQ(verdict_file()->digest, digest_of(text_a));
    EXPECT_EQ(active_file()->judged, digest_of(text_a));
    reload->ready();
    EXPECT_EQ(told(answer_to({"r1", digest_of(text_a)}).verdict), "applied 8");
    settle();
    EXPECT_EQ(reload->applied(), 1u);
}

TEST_F(ReloadStart, WithTheTableOfTheLastTimeKeepsItsGenerationAndItsFile) {
    write(text_a);
    find(digest_of(text_a));
    EXPECT_EQ(look.news, volume::ConfigNews::kSame);
    EXPECT_EQ(first(to_a, "r1", 7, false), "");
    reload->ready();
    settle();
    EXPECT_EQ(generation(), 7u);
    EXPECT_EQ(reload->applied(), 1u) << "the file was judged in another life";
    EXPECT_EQ(verdict_file()->digest, "") << "the table is not from config.json";
    EXPECT_EQ(active_file()->judged, digest_of(text_a)) << "it is not news the next time either";
}

TEST_F(ReloadStart, TellsWhatTheOneBeforeHasSaidOfTheFile) {
    write(text_a);
    volume::Verdict said_before;
    said_before.revision = "r1";
    said_before.digest = digest_of(text_a);
    said_before.generation = 6;
    said_before.reason = "it was wrong";
    test::write_in_place(paths.verdict(), volume::to_json(said_before));
    find(digest_of(text_a));
    EXPECT_EQ(first(to_b, "r0", 6, false), "");
    reload->ready();
    EXPECT_EQ(told(answer_to({"r1", digest_of(text_a)}).verdict), "rejected 6: it was wrong");
    EXPECT_EQ(told(answer_to({"r1", ""}).verdict), "rejected 6: it was wrong");
}

TEST_F(ReloadStart, TakesNoVerdictOnAnotherFileForThatOnThisOne) {
    write(text_a);
    volume::Verdict said_before;
    said_before.revision = "r1";
    said_before.digest = digest_of(text_b);
    test::write_in_place(paths.verdict(), volume::to_json(said_before));
    find(digest_of(text_a));
    reload->ready();
    EXPECT_FALSE(answer_to({"r1", digest_of(text_a)}).verdict);
}

TEST_F(ReloadStart, WithATableThatCannotServeTriesAnother) {
    const std::string table = front(serve("squatter") + ":6379", a + ":6379");
    const std::string text = text_of(table, "r1");
    write(text);
    find("remembered");
    const std::string reason = first(table, "r1", 0, true);
    EXPECT_THAT(reason, HasSubstr("taken by another process"));
    EXPECT_FALSE(verdict_file()) << "there is no verdict yet: another may be tried";
    EXPECT_EQ(reload->last(), nullptr);
    EXPECT_EQ(first(to_b, "r0", 5, false), "");
    EXPECT_EQ(active_file()->judged, "remembered");
    reload->reject_found(reason);
    const auto& reply = answer_to({"r1", digest_of(text)});
    EXPECT_EQ(told(reply.verdict), "rejected 5: " + reason);
    EXPECT_EQ(told(verdict_file()), "rejected 5: " + reason);
    EXPECT_EQ(who(place), "b");
    // Its reason may be gone.
    stop_serving("squatter");
    put(text);
    EXPECT_EQ(told(), "applied 6");
}

TEST_F(ReloadStart, RejectsTheFileThatWasFoundWrong) {
    write("{");
    find();
    EXPECT_EQ(first(to_b, "words", 0, false), "");
    reload->reject_found(look.wanted.reason);
    settle();
    EXPECT_EQ(told(), "rejected 1: " + look.wanted.reason);
    EXPECT_EQ(reload->rejected(), 1u);
    put("{");
    EXPECT_EQ(reload->rejected(), 1u) << "what is wrong stays wrong";
    put(text_a);
    EXPECT_EQ(told(), "applied 2");
}

TEST_F(ReloadStart, ThatFailsWritesItsVerdictAndEnds) {
    write("{");
    find();
    bool over = false;
    reload->reject_found(look.wanted.reason, [&] { over = true; });
    reload->changed();
    EXPECT_TRUE(turn_until([&] { return over; }));
    EXPECT_EQ(told(verdict_file()), "rejected 0: " + look.wanted.reason);
    EXPECT_EQ(reload->rejected(), 1u);
}

TEST_F(ReloadStart, PassesAFileOverAndSaysWhy) {
    write(text_a);
    find("", "the command line comes first");
    EXPECT_EQ(first(to_b, "words", 0, false), "");
    reload->ready();
    EXPECT_EQ(told(answer_to({"r1", digest_of(text_a)}).verdict),
              "rejected 0: the command line comes first");
    EXPECT_EQ(who(place), "b");
    EXPECT_EQ(reload->applied(), 1u);
    EXPECT_EQ(active_file()->judged, digest_of(text_a)) << "it is passed over the next time too";
    reload->again();
    settle();
    EXPECT_EQ(who(place), "a") << "SIGHUP has it judged";
}

TEST_F(ReloadStart, WithoutAnyTableWaitsForTheFirstFile) {
    find();
    reload->ready();
    settle();
    EXPECT_EQ(reload->last(), nullptr);
    EXPECT_EQ(answer_to({"r1", ""}).superseded_by, "no config.json");
    put(text_a);
    EXPECT_EQ(told(), "applied 1");
}

// ---- what is made again ----

class ReloadSaves : public test::Running {
  protected:
    void remove_file(const std::string& path) { ASSERT_EQ(::unlink(path.c_str()), 0); }
    void save_again() {
        reload->save_again();
        settle();  // jobs are done in their order
    }
};

TEST_F(ReloadSaves, AgainWhatIsMissing) {
    put(to_a, "r1");
    put("{");
    const std::string active = test::read_file(paths.active());
    const std::string verdict = test::read_file(paths.verdict());
    for (const bool both : {true, false}) {
        remove_file(paths.active());
        if (both) remove_file(paths.verdict());
        save_again();
        EXPECT_EQ(test::read_file(paths.active()), active);
        EXPECT_EQ(test::read_file(paths.verdict()), verdict);
    }
    remove_file(paths.verdict());
    save_again();
    EXPECT_EQ(test::read_file(paths.verdict()), verdict);
}

TEST_F(ReloadSaves, NothingThatIsThere) {
    put(to_a, "r1");
    test::write_in_place(paths.active(), "another's");
    test::write_in_place(paths.verdict(), "another's");
    save_again();
    EXPECT_EQ(test::read_file(paths.active()), "another's");
    EXPECT_EQ(test::read_file(paths.verdict()), "another's");
}

TEST_F(ReloadSaves, NothingWithoutATableOrOnceItIsStopped) {
    save_again();
    EXPECT_FALSE(test::exists(paths.active()));
    put(to_a, "r1");
    remove_file(paths.active());
    reload->stop();
    reload->save_again();
    finish_jobs();
    EXPECT_FALSE(test::exists(paths.active()));
}

// A verdict is about to be written when the directory is looked at.
TEST_F(ReloadSaves, NoOlderVerdictThanTheOneOnItsWay) {
    put(to_a, "r1");
    remove_file(paths.active());
    write("{");
    reload->changed();
    std::promise<void> written;
    offload.run([&] { written.get_future().wait(); }, nullptr);  // behind the look
    ASSERT_TRUE(turn_until([&] { return reload->rejected() == 1; }));
    reload->save_again();
    written.set_value();
    settle();
    EXPECT_THAT(told(verdict_file()), HasSubstr("rejected 1"));
    EXPECT_EQ(active_file()->revision, "r1");
}

TEST_F(ReloadSaves, AndKnowsThatItIsSaved) {
    paths.state = directory / "state";
    test::write_in_place(paths.state, "in the way");
    start_judging();
    reload->ready();
    put(to_a, "r1");
    EXPECT_FALSE(reload->saved());
    remove_file(paths.state);
    ASSERT_EQ(::mkdir(paths.state.c_str(), 0755), 0);
    save_again();
    EXPECT_TRUE(reload->saved());
    EXPECT_EQ(active_file()->revision, "r1");
    EXPECT_EQ(told(verdict_file()), "applied 1");
    EXPECT_TRUE(verdict_file()->saved);
}
