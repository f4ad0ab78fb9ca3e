#include "fleet/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "tests/unit/docker/fake_engine.hpp"
#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using docker::Asked;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kRoot = "/var/lib/docker/volumes";

std::string frame(char stream, const std::string& data) {
    std::string out{stream, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(data.size() >> shift & 0xff);
    return out + data;
}

FleetContainer with_volume(const std::string& name) {
    FleetContainer one;
    one.container.id = id(name);
    one.container.image_id = "sha256:1";
    one.container.mounts = {
        {"volume", "local", std::string(kRoot) + "/" + name + "/_data", "/run/amba"}};
    return one;
}

// An Engine whose helper answers by `answer`, and whose exec prints "exec".
struct FakeHelperEngine {
    std::function<json(const json&)> answer = [](const json& asked) {
        return json{{"id", asked["id"]}, {"code", 0}, {"out", asked["dir"]}, {"err", ""}};
    };
    std::string ready = "{\"ready\": true}\n";
    std::atomic<int> helpers{0};
    std::atomic<int> execs{0};
    int most_of_the_first = 1'000'000;  // answers, before it ends

    docker::FakeEngine engine{[this](const Asked& asked, test::Socket& client) {
        if (asked.target.find("/exec") != std::string::npos) return exec(asked, client);
        if (asked.target.find("/create") != std::string::npos) {
            return client.send(docker::answer(201, R"({"Id":"helper"})"));
        }
        if (asked.target.find("/attach") != std::string::npos) return talk(client);
        client.send(docker::answer(204, ""));
    }};

    void exec(const Asked& asked, test::Socket& client) {
        if (asked.target.ends_with("/exec")) {
            ++execs;
            client.send(docker::answer(201, R"({"Id":"e1"})"));
        } else if (asked.target.ends_with("/start")) {
            client.send("HTTP/1.1 200 OK\r\n\r\n" + frame(1, "exec"));
        } else {
            client.send(docker::answer(200, R"({"Running":false,"ExitCode":0})"));
        }
    }

    void talk(test::Socket& client) {
        const bool first = ++helpers == 1;
        client.send("HTTP/1.1 101 UPGRADED\r\n\r\n" + frame(ready[0] == '{' ? 1 : 2, ready));
        if (ready[0] != '{') return;
        for (int answers = 0; !first || answers < most_of_the_first; ++answers) {
            std::string line;
            while (!line.ends_with('\n'))
                line += client.receive(1);
            client.send(frame(1, answer(json::parse(line)).dump() + "\n"));
        }
    }
};

struct WriterTest : testing::Test {
    FakeHelperEngine fake;
    docker::Engine engine{fake.engine.host()};
    std::vector<std::string> said;
    TableWriter writer{engine, [this](const std::string& line) {
                           said.push_back(line);
                       }};

    // The answer that each ambassador gave.
    std::vector<std::string> ask(const std::vector<FleetContainer>& ambassadors) {
        std::vector<VerbCall> questions;
        for (const FleetContainer& one : ambassadors)
            questions.push_back({&one, {"showconfig"}});
        std::vector<std::string> all(questions.size());
        std::mutex mutex;
        writer.ask(questions, [&](std::size_t i, const core::Result<docker::Executed>& answer) {
            const std::lock_guard lock(mutex);
            all[i] += answer ? answer->out : answer.error().reason;
        });
        return all;
    }
    const std::vector<FleetContainer> five{with_volume("a"), with_volume("b"), with_volume("c"),
                                           with_volume("d"), with_volume("e")};
    const std::vector<std::string> by_helper{"/run/amba/a/_data", "/run/amba/b/_data",
                                             "/run/amba/c/_data", "/run/amba/d/_data",
                                             "/run/amba/e/_data"};
    const std::vector<std::string> by_exec{"exec", "exec", "exec", "exec", "exec"};
};

TEST(VolumePlace, OfTheEnginesOwnVolumesAlone) {
    FleetContainer one = with_volume("a");
    const auto place = volume_place(one.container);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->root, kRoot);
    EXPECT_EQ(place->name, "a");
    const auto lost = [&](auto change) {
        FleetContainer other = one;
        change(other.container.mounts[0]);
        return !volume_place(other.container);
    };
    EXPECT_TRUE(lost([](docker::Mount& mount) { mount.type = "bind"; }));
    EXPECT_TRUE(lost([](docker::Mount& mount) { mount.driver = "nfs"; }));
    EXPECT_TRUE(lost([](docker::Mount& mount) { mount.source = "/mnt/data"; }));
    EXPECT_TRUE(lost([](docker::Mount& mount) { mount.source = "/_data"; }));
    EXPECT_TRUE(lost([](docker::Mount& mount) { mount.destination = "/run"; }));
}

TEST_F(WriterTest, AsksManyAtOnce) {
    EXPECT_EQ(ask(five), by_helper);
    EXPECT_EQ(ask({five[1]}), std::vector<std::string>{by_helper[1]}) << "once it is there";
    EXPECT_EQ(fake.helpers, 1);
    EXPECT_EQ(fake.execs, 0);
    EXPECT_THAT(said, IsEmpty());
}

TEST_F(WriterTest, AsksFewByExec) {
    EXPECT_THAT(ask({five[0], five[1]}), ElementsAre("exec", "exec"));
    EXPECT_EQ(fake.helpers, 0);
    EXPECT_THAT(ask({}), IsEmpty());
}

// The volume of one is elsewhere, and the directory of the other has no ambassador in it.
TEST_F(WriterTest, AsksThoseByExecThatTheHelperCannotSee) {
    std::vector<FleetContainer> those = five;
    those[1].container.mounts.clear();
    those[2].container.mounts[0].source = "/other/c/_data";
    fake.answer = [](const json& asked) {
        if (asked["id"] == 3) return json{{"id", 3}, {"absent", true}};
        return json{{"id", asked["id"]}, {"code", 0}, {"out", asked["dir"]}, {"err", ""}};
    };
    EXPECT_THAT(ask(those), ElementsAre(by_helper[0], "exec", "exec", "exec", by_helper[4]));
}

// The image is older than `batch`: that is logged once, and not tried again soon.
TEST_F(WriterTest, DoesWithoutAHelper) {
    fake.ready = "amba: \"batch\" is neither a verb nor a frontend\n";
    EXPECT_EQ(ask(five), by_exec);
    EXPECT_EQ(ask(five), by_exec);
    EXPECT_EQ(fake.helpers, 1);
    ASSERT_EQ(said.size(), 1u);
    EXPECT_THAT(said[0], testing::HasSubstr("neither a verb nor a frontend"));
}

// It had nothing to do for long, or its Engine was started again.
TEST_F(WriterTest, HasANewHelperWhenTheOldOneHasEnded) {
    fake.most_of_the_first = 7;
    EXPECT_EQ(ask(five), by_helper);
    EXPECT_EQ(ask(five), by_helper);
    EXPECT_EQ(fake.helpers, 2);
    EXPECT_EQ(fake.execs, 0);
    EXPECT_THAT(said, IsEmpty());
}

TEST_F(WriterTest, NonsenseIsNoAnswer) {
    fake.answer = [](const json&) {
        return json{{"id", 77}, {"code", 0}};
    };
    EXPECT_EQ(ask(five), by_exec);
    ASSERT_EQ(said.size(), 1u);
}

}  // namespace
}  // namespace amba::fleet
