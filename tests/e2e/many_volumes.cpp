// The two verbs that the fleet tool runs in helpers: for many volumes at once, and who listens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <list>
#include <nlohmann/json.hpp>
#include <sstream>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using nlohmann::json;
using testing::HasSubstr;

namespace {

std::string question(int id, const std::string& dir, const Words& words) {
    return json{{"id", id}, {"dir", dir}, {"words", words}}.dump() + "\n";
}

// Answers by id, behind the line that says that it is ready.
std::map<int, json> answers(const std::string& out) {
    std::istringstream lines(out);
    std::string line;
    EXPECT_TRUE(std::getline(lines, line));
    EXPECT_EQ(json::parse(line), json({{"ready", true}}));
    std::map<int, json> all;
    while (std::getline(lines, line)) {
        json answer = json::parse(line);
        const int id = answer["id"];
        all[id] = std::move(answer);
    }
    return all;
}

CommandResult batch(const std::string& input) {
    Process::Options options;
    options.input = input;
    return run_amba({"batch"}, options);
}

}  // namespace

TEST(ManyVolumes, AreToldAndAskedAtOnce) {
    std::list<Daemon> daemons(3);
    std::string tell, ask;
    int id = 0;
    for (Daemon& daemon : daemons) {
        daemon.run();
        ++id;
        tell += question(id, daemon.dir(),
                         {"reconfigure", "--wait=20s", own_place().to_string(), "check=off",
                          "127.0.0.1:" + std::to_string(id)});
        ask += question(id, daemon.dir(), {"showconfig"});
    }
    const CommandResult told = batch(tell);
    EXPECT_EQ(told.code, 0) << told.err;
    for (auto& [number, answer] : answers(told.out)) {
        EXPECT_EQ(answer["code"], 0) << answer;
        EXPECT_EQ(answer["out"], "applied as generation 1\n");
        EXPECT_EQ(answer["err"], "");
    }
    const auto shown = answers(batch(ask).out);
    ASSERT_EQ(shown.size(), 3u);
    for (const auto& [number, answer] : shown) {
        EXPECT_THAT(std::string(answer["out"]),
                    HasSubstr("\"127.0.0.1:" + std::to_string(number) + "\""));
    }
}

// The output of a verb goes into its own answer, and a wrong verb ends none of the others.
TEST(ManyVolumes, EachHasItsOwnOutcome) {
    Daemon daemon;
    daemon.run();
    TempDir empty;
    const CommandResult done =
        batch(question(1, daemon.dir(), {"reconfigure", "nonsense"}) +
              question(2, empty.path(), {"reconfigure", "6379", "127.0.0.1:1"}) +
              question(3, daemon.dir(), {"healthcheck"}));
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_EQ(done.err, "");
    const auto all = answers(done.out);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all.at(1)["code"], 2);
    EXPECT_THAT(std::string(all.at(1)["err"]), HasSubstr("\"nonsense\""));
    EXPECT_EQ(all.at(2), json({{"id", 2}, {"absent", true}}));
    EXPECT_NE(::access((empty / "config.json").c_str(), F_OK), 0) << "nothing was written there";
    EXPECT_EQ(all.at(3)["code"], 0);
}

// Only verbs that look at a volume, or write a table into it, are taken.
TEST(ManyVolumes, TakesNoOtherVerb) {
    for (const std::string& wrong :
         {question(1, "/tmp", {"run"}), question(1, "/tmp", {}), std::string("nonsense\n"),
          std::string("{\"id\": 1, \"dir\": 2, \"words\": []}\n")}) {
        const CommandResult done = batch(wrong);
        EXPECT_EQ(done.code, 2) << wrong;
        EXPECT_THAT(done.err, HasSubstr("expected")) << wrong;
    }
}

TEST(Listeners, AreToldWithTheirProcess) {
    Peer peer(script::echo);
    const CommandResult done = run_amba({"listeners"});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr(peer.address() + " " + std::to_string(::getpid()) + " "));
}
