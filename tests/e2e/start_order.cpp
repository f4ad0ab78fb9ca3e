// Which table an ambassador starts with: `docker restart` keeps what was reconfigured, and a
// changed command line wins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class Start : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(1); }
    std::string table_with(const Peer& peer) const {
        return R"({"frontends": [{"bind": ")" + place.to_string() +
               R"(", "backends": [{"address": ")" + peer.address() + "\"}]}]}\n";
    }
    void age(const std::string& file, std::chrono::seconds by) const {
        namespace fs = std::filesystem;
        fs::last_write_time(daemon.file(file), fs::last_write_time(daemon.file(file)) - by);
    }
    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    Peer c{script::greet_then_echo("c")};
    const Words words_a{place.to_string(), a.address()};
    const Words words_b{place.to_string(), b.address()};
    const Words words_c{place.to_string(), c.address()};
};

}  // namespace

TEST_F(Start, WithNothingWaits) {
    daemon.run();
    EXPECT_EQ(daemon.lines(" wait: "), 1u);
    EXPECT_TRUE(is_refused(place));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
    EXPECT_EQ(daemon.generation(), 0u);
    daemon.reconfigure(words_a);
    EXPECT_EQ(ask(), "a");
}

TEST_F(Start, WithTheSameCommandLineKeepsWhatWasReconfigured) {
    daemon.run(words_a);
    daemon.reconfigure(words_b);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_a);
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.generation(), 2u);
}

TEST_F(Start, WithAnotherCommandLineTakesIt) {
    daemon.run(words_a);
    daemon.reconfigure(words_b);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_c);
    EXPECT_EQ(ask(), "c");
    EXPECT_EQ(daemon.generation(), 3u);
    // From then on it is the table that is remembered.
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_c);
    EXPECT_EQ(ask(), "c");
    daemon.reconfigure(words_b);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_c);
    EXPECT_EQ(ask(), "b");
}

TEST_F(Start, WithAChangedCommandLineBeatsANewerConfig) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    write_and_rename(daemon.file("config.json"), table_with(b));
    daemon.run(words_c);
    EXPECT_EQ(ask(), "c");
}

TEST_F(Start, WithoutACommandLineKeepsTheActiveTable) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run();
    EXPECT_EQ(ask(), "a");
}

TEST_F(Start, TakesAConfigThatIsNewerThanTheActiveTable) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    write_and_rename(daemon.file("config.json"), table_with(b));
    daemon.run(words_a);
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.generation(), 2u);
    EXPECT_EQ(daemon.verdict()["result"], "applied");
}

TEST_F(Start, TakesAConfigOfTheSameMomentAsTheActiveTable) {
    namespace fs = std::filesystem;
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    write_and_rename(daemon.file("config.json"), table_with(b));
    fs::last_write_time(daemon.file("config.json"),
                        fs::last_write_time(daemon.file("active.json")));
    daemon.run(words_a);
    EXPECT_EQ(ask(), "b");
}

TEST_F(Start, TakesAConfigThatWasThereFirst) {
    write_and_rename(daemon.file("config.json"), table_with(b));
    daemon.run(words_a);
    EXPECT_EQ(ask(), "b");
}

TEST_F(Start, TakesAConfigThatIsOlderAndNotTheOneJudgedLast) {
    daemon.run(words_a);
    daemon.reconfigure(words_b);
    EXPECT_EQ(daemon.stop(), 0);
    // Acknowledged while nobody ran, by a clock that had gone back; then copied in from a backup.
    for (const auto& by : {1h, 24h * 365 * 60}) {
        const bool first = by == 1h;
        write_and_rename(daemon.file("config.json"), table_with(first ? c : a));
        age("config.json", by);
        daemon.run(words_a);
        EXPECT_EQ(ask(), first ? "c" : "a");
        EXPECT_EQ(daemon.lines("ignored"), 0u) << daemon.log();
        EXPECT_EQ(daemon.stop(), 0);
    }
}

TEST_F(Start, PassesOverAConfigForAChangedCommandLineOnceAndSaysSo) {
    daemon.run(words_a);
    daemon.reconfigure(words_b);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_c);
    EXPECT_EQ(ask(), "c");
    EXPECT_EQ(daemon.lines("ignored: " + daemon.file("config.json")), 1u) << daemon.log();
    EXPECT_EQ(daemon.lines("the command line has changed"), 1u);
    // It stays passed over, and the next one is judged.
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_c);
    EXPECT_EQ(ask(), "c");
    daemon.signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return ask() == "b"; })) << "SIGHUP has it judged";
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_c);
    EXPECT_EQ(ask(), "b");
}

TEST_F(Start, GoesOnFromAnActiveTableOfAVersionWithoutDigests) {
    daemon.run(words_a);
    daemon.reconfigure(words_b);
    EXPECT_EQ(daemon.stop(), 0);
    const auto forget_digest = [&] {
        auto active = nlohmann::json::parse(read_file(daemon.file("active.json")));
        EXPECT_EQ(active.erase("judged"), 1u);
        write_and_rename(daemon.file("active.json"), active.dump());
    };
    forget_digest();
    daemon.run(words_a);
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.generation(), 2u) << "the table that serves already was taken for another";
    EXPECT_EQ(daemon.stop(), 0);
    forget_digest();
    write_and_rename(daemon.file("config.json"), table_with(c));
    daemon.run(words_a);
    EXPECT_EQ(ask(), "c");
}

TEST_F(Start, LeavesAVerdictAndACountOfAConfigThatIsWrong) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    write_and_rename(daemon.file("config.json"),
                     R"({"revision": "mine", "frontends": [{"bind": "nonsense"}]})");
    for (int restart = 0; restart < 2; ++restart) {
        daemon.run(words_a);
        EXPECT_EQ(ask(), "a");
        EXPECT_TRUE(daemon.logs("rejected: revision mine")) << daemon.log();
        EXPECT_EQ(daemon.lines("config.json:1:"), 1u) << daemon.log();
        EXPECT_TRUE(eventually([&] { return daemon.verdict()["revision"] == "mine"; }));
        EXPECT_EQ(daemon.verdict()["result"], "rejected");
        EXPECT_EQ(daemon.verdict()["generation"], 1);
        EXPECT_EQ(daemon.status()["tables_rejected"], 1);
        EXPECT_EQ(daemon.generation(), 1u);
        EXPECT_EQ(daemon.stop(), 0);
    }
    // The same with no table at all to serve.
    Daemon alone;
    write_and_rename(alone.file("config.json"), "{");
    alone.run();
    EXPECT_TRUE(eventually([&] { return alone.verdict()["result"] == "rejected"; }));
    EXPECT_EQ(alone.status()["tables_rejected"], 1);
}

TEST_F(Start, SkipsADamagedActiveTable) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    const std::string whole = read_file(daemon.file("active.json"));
    for (const std::string& damaged :
         {whole.substr(0, whole.size() / 2), std::string(), std::string("\0\1\2", 3),
          std::string("[]"), std::string(R"({"frontends": 1})"), std::string("null"),
          R"({"x": )" + std::string(100'000, '[') + std::string(100'000, ']') + "}"}) {
        write_in_place(daemon.file("active.json"), damaged);
        daemon.run(words_b);
        EXPECT_EQ(ask(), "b");
        EXPECT_EQ(daemon.lines("active.json is damaged"), 1u)
            << damaged.substr(0, 99) << daemon.log();
        EXPECT_EQ(daemon.stop(), 0);
    }
    write_in_place(daemon.file("active.json"), "{");
    daemon.run();
    EXPECT_TRUE(daemon.logs(" wait: "));
}

TEST_F(Start, WithATableThatCannotBeBoundEnds) {
    Peer squatter(script::hold, place);
    daemon.launch(words_a);
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_THAT(daemon.log(), HasSubstr("taken"));
}

TEST_F(Start, WithAnActiveTableThatCannotBeBoundEnds) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    Peer squatter(script::hold, place);
    daemon.launch(words_a);
    EXPECT_EQ(daemon.wait(), 1);
    EXPECT_THAT(daemon.log(), HasSubstr("taken"));
}

TEST_F(Start, WithAConfigThatCannotBeBoundGoesBackToTheActiveTable) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    Peer squatter(script::hold, own_place());
    write_and_rename(daemon.file("config.json"),
                     R"({"frontends": [{"bind": ")" + squatter.address() + "\"}]}");
    daemon.run(words_a);
    EXPECT_TRUE(eventually([&] { return daemon.generation() > 0; }));
    EXPECT_EQ(ask(), "a");
    EXPECT_THAT(daemon.log(), HasSubstr("taken"));
    EXPECT_TRUE(eventually([&] { return daemon.verdict()["result"] == "rejected"; }));
    EXPECT_EQ(daemon.status()["tables_rejected"], 1);
}

TEST_F(Start, WithAConfigAloneThatCannotBeBoundEnds) {
    Peer squatter(script::hold, place);
    write_and_rename(daemon.file("config.json"), table_with(a));
    daemon.launch();
    EXPECT_EQ(daemon.wait(), 1);
}

TEST_F(Start, OfASecondOneEndsAndNamesTheHolder) {
    daemon.run(words_a);
    const CommandResult second = daemon.amba({"run", own_place().to_string(), a.address()});
    EXPECT_EQ(second.code, 1);
    EXPECT_THAT(second.err, HasSubstr("pid " + std::to_string(daemon.process().pid())));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0) << "the first one's socket is gone";
    EXPECT_EQ(ask(), "a");
}

TEST_F(Start, InAStateDirectoryOfItsOwnReadsTheVolumeAndWritesThere) {
    TempDir state;
    daemon.options().environment["AMBA_STATE"] = state.path();
    write_and_rename(daemon.file("config.json"), table_with(a));
    daemon.run();
    EXPECT_EQ(ask(), "a");
    for (const char* name : {"active.json", "verdict.json", "amba.sock", "amba.lock"}) {
        EXPECT_TRUE(exists(state / name)) << name;
        EXPECT_FALSE(exists(daemon.file(name))) << name;
    }
    daemon.reconfigure(words_b);
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.amba({"healthcheck", "--state-dir", state.path()}).code, 0);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run();
    EXPECT_EQ(ask(), "b");
}

TEST_F(Start, MakesTheDirectoryThatIsMissing) {
    TempDir parent;
    const std::string dir = parent / "volume";
    daemon.options().environment["AMBA_DIR"] = dir;
    daemon.run(words_a);
    EXPECT_EQ(ask(), "a");
    EXPECT_TRUE(exists(dir + "/active.json"));
}
