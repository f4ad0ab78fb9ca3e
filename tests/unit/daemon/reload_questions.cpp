// What helpers are told of the files that they have written, and when.
#include "tests/unit/daemon/judging.hpp"

using namespace amba;
using testing::HasSubstr;

namespace {

class ReloadQuestions : public test::Running {
  protected:
    // A table is judged until its name is answered, a second at the most.
    void judge_slowly(const std::string& text) {
        resolver.lead("slow", {test::address(b)});
        resolver.hold("slow");
        write(text);
        reload->changed();
        ASSERT_TRUE(turn_until([&] { return resolver.waits("slow"); }));
    }
    const std::string text_a = text_of(to_a, "r1");
    const std::string text_b = text_of(to_b, "r2");
    const std::string text_slow = text_of(front(place, "slow:6379"), "slow");
};

}  // namespace

TEST_F(ReloadQuestions, AreAnsweredWithTheVerdictOnTheirFile) {
    write(text_a);
    EXPECT_EQ(told(answer_to({"r1", digest_of(text_a)}).verdict), "applied 1");
    write("{");
    EXPECT_THAT(told(answer_to({"", digest_of("{")}).verdict), HasSubstr("rejected 1: "));
    write(text_b);
    EXPECT_EQ(told(answer_to({"r2", ""}).verdict), "applied 2");
    EXPECT_EQ(told(answer_to({}).verdict), "applied 2");
}

TEST_F(ReloadQuestions, AreAnsweredOnceTheFilesAreWritten) {
    write(text_a);
    answer_to({"r1", digest_of(text_a)});
    EXPECT_EQ(told(verdict_file()), "applied 1");
    EXPECT_EQ(active_file()->revision, "r1");
}

TEST_F(ReloadQuestions, OfAFileThatIsThereNoMoreNameTheOneInItsPlace) {
    put(text_b);
    const auto& reply = answer_to({"r1", digest_of(text_a)});
    EXPECT_FALSE(reply.verdict);
    EXPECT_EQ(reply.superseded_by, "r2");
    // The same revision is not the same file.
    EXPECT_EQ(answer_to({"r2", digest_of(text_a)}).superseded_by, "r2");
}

TEST_F(ReloadQuestions, OfAFileThatWasJudgedBeforeAnotherCameAreAnsweredStill) {
    put(text_a);
    put(text_b);
    EXPECT_EQ(told(answer_to({"r1", digest_of(text_a)}).verdict), "applied 1");
    EXPECT_EQ(told(answer_to({"r1", ""}).verdict), "applied 1");
    EXPECT_EQ(generation(), 2u);
}

TEST_F(ReloadQuestions, OfAFileThatComesBackWaitForItsNewVerdict) {
    put(text_a);
    put(text_b);
    write(text_a);
    EXPECT_EQ(told(answer_to({"r1", digest_of(text_a)}).verdict), "applied 3");
    EXPECT_EQ(who(place), "a");
}

TEST_F(ReloadQuestions, OfARejectedFileThatIsWrittenAgainWaitForItsNewVerdict) {
    const std::string taken = serve("squatter");
    const std::string text = text_of(front(taken + ":6379", b + ":6379"), "r1");
    put(text);
    EXPECT_THAT(told(), HasSubstr("rejected"));
    stop_serving("squatter");
    write(text);
    EXPECT_EQ(told(answer_to({"r1", digest_of(text)}).verdict), "applied 1");
}

TEST_F(ReloadQuestions, OfTheFileThatServesAreAnsweredAtOnce) {
    put(text_a);
    EXPECT_EQ(ask({"r1", digest_of(text_a)}).answers, 1u);
}

// ---- while a table is judged ----

TEST_F(ReloadQuestions, AndChangesWaitForTheTableThatIsJudged) {
    judge_slowly(text_slow);
    auto& first = ask({"slow", digest_of(text_slow)});
    write(text_a);
    reload->changed();
    reload->changed();
    auto& second = ask({"r1", digest_of(text_a)});
    auto& third = ask({"r2", digest_of(text_b)});
    turn();
    EXPECT_EQ(first.answers + second.answers + third.answers, 0u);
    EXPECT_EQ(generation(), 0u);
    resolver.release("slow");
    EXPECT_EQ(told(answer(first).verdict), "applied 1");
    EXPECT_EQ(told(answer(second).verdict), "applied 2");
    EXPECT_EQ(answer(third).superseded_by, "r1");
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(reload->applied(), 2u);
}

// The run under way may have looked before the file was there.
TEST_F(ReloadQuestions, AreNotAnsweredByALookThatWasBegunBefore) {
    judge_slowly(text_slow);
    write("{");
    auto& question = ask({"", digest_of("{")});
    resolver.release("slow");
    EXPECT_THAT(told(answer(question).verdict), HasSubstr("rejected 1: "));
}

TEST_F(ReloadQuestions, WaitForAFileThatIsGoneAgain) {
    judge_slowly(text_slow);
    remove();
    auto& question = ask({"r1", digest_of(text_a)});
    resolver.release("slow");
    EXPECT_EQ(answer(question).superseded_by, "no config.json");
    EXPECT_EQ(who(place), "b");
}

TEST_F(ReloadQuestions, AgainIsDoneAfterTheTableThatIsJudged) {
    judge_slowly(text_slow);
    reload->again();
    reload->again();
    resolver.release("slow");
    settle();
    EXPECT_EQ(told(), "applied 2") << "once, however often it was asked for";
}

// One that asks again from within its answer.
TEST_F(ReloadQuestions, MayFollowFromAnAnswer) {
    write(text_a);
    unsigned answers = 0;
    reload->judge_now({"r1", ""}, [&](const auto& reply) {
        EXPECT_EQ(told(reply.verdict), "applied 1");
        ++answers;
        write(text_b);
        reload->judge_now({"r2", ""}, [&](const auto& next) {
            EXPECT_EQ(told(next.verdict), "applied 2");
            ++answers;
        });
    });
    EXPECT_TRUE(turn_until([&] { return answers == 2; }));
}

// ---- the end ----

class ReloadStopped : public ReloadQuestions {
  protected:
    void stop() {
        reload->stop();
        activation->stop();
    }
    // Neither a verdict nor another's file: it stops.
    static void expect_none(const Question& question) {
        EXPECT_FALSE(question.verdict) << told(question.verdict);
        EXPECT_EQ(question.superseded_by, "");
        EXPECT_TRUE(question.stopping);
    }
};

TEST_F(ReloadStopped, JudgesNothing) {
    put(text_a);
    stop();
    write(text_b);
    reload->changed();
    reload->again();
    expect_none(answer_to({"r2", digest_of(text_b)}));
    EXPECT_EQ(reload->applied(), 1u);
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(active_file()->revision, "r1");
}

TEST_F(ReloadStopped, WhileItLooksLeavesTheFileForTheNextOne) {
    put(text_a);
    write(text_b);
    auto& question = ask({"r2", digest_of(text_b)});
    stop();
    expect_none(answer(question));
    EXPECT_EQ(reload->applied(), 1u);
    EXPECT_EQ(told(verdict_file()), "applied 1");
}

TEST_F(ReloadStopped, WhileATableIsJudgedLeavesItForTheNextOne) {
    put(text_a);
    judge_slowly(text_slow);
    auto& first = ask({"slow", digest_of(text_slow)});
    auto& second = ask({});
    stop();
    resolver.release("slow");
    expect_none(answer(first));
    expect_none(answer(second));
    EXPECT_EQ(who(place), "a");
    EXPECT_EQ(reload->rejected(), 0u);
    EXPECT_EQ(told(verdict_file()), "applied 1") << "nothing is wrong with the file";
    EXPECT_EQ(active_file()->judged, digest_of(text_a));
}

// Its verdict was of the file before.
TEST_F(ReloadStopped, WhileItLooksTellsNothingOfAFileThatIsWrittenAgain) {
    put("{");
    write("{");
    auto& question = ask({"", digest_of("{")});
    stop();
    expect_none(answer(question));
}

TEST_F(ReloadStopped, StillTellsWhatItHasJudged) {
    write(text_a);
    auto& question = ask({"r1", digest_of(text_a)});
    ASSERT_TRUE(turn_until([&] { return generation() == 1; }));
    stop();
    EXPECT_EQ(told(answer(question).verdict), "applied 1");
    EXPECT_EQ(active_file()->revision, "r1");
}
