#include "amba/fleet/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "support/eventually.hpp"
#include "tests/unit/docker/fake_engine.hpp"
#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using namespace std::chrono_literals;
using docker::answer;
using docker::Asked;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// An Engine with one container of a project, and one ambassador beside it.
class ScriptedEngine {
  public:
    explicit ScriptedEngine(const std::string& name) :
        name_(name),
        fake_([this](const Asked& asked, test::Socket& client) { serve(asked, client); }) {}

    ~ScriptedEngine() { breaks = true; }

    docker::Host host() const { return fake_.host(); }

    std::atomic<bool> answers{true};  // to looks and new streams; one that is open goes on
    std::atomic<int> streams{0};
    std::atomic<bool> breaks{false};  // a stream that is open

  private:
    void serve(const Asked& asked, test::Socket& client) {
        if (!answers) return client.send(answer(500, R"({"message":"not now"})"));
        const auto has = [&](const char* word) {
            return asked.target.find(word) != std::string::npos;
        };
        if (has("/info"))
            return client.send(answer(200, R"({"SystemTime":"2026-11-22T07:30:00Z"})"));
        if (has("/events")) return stream(client);
        if (has("/volumes")) return client.send(answer(200, R"({"Volumes":null})"));
        const std::string id = has("ambassador.project") || has("amba-") ? "amba-" + name_ : name_;
        if (has("/containers/json")) return client.send(answer(200, R"([{"Id":")" + id + R"("}])"));
        const std::string labels =
            id == name_ ? R"("com.docker.compose.project":"app")" : R"("ambassador.project":"app")";
        client.send(answer(200, R"({"Id":")" + id + R"(","Name":"/)" + id +
                                    R"(","State":{"Status":"running"},"Config":{"Labels":{)" +
                                    labels + "}}}"));
    }

    void stream(test::Socket& client) {
        client.send(docker::kChunked);
        ++streams;
        while (!breaks)
            std::this_thread::sleep_for(1ms);
    }

    std::string name_;
    docker::FakeEngine fake_;
};

struct WatchTest : testing::Test {
    Fleet fleet_of(const std::vector<const ScriptedEngine*>& engines) {
        std::vector<Site> sites;
        for (const ScriptedEngine* one : engines)
            sites.push_back({std::make_unique<docker::Engine>(one->host(), 60s), "192.0.2.1"});
        return {std::move(sites), {}, [](const std::string&, bool) {
                }};
    }
    // Looks until `enough` says so of what it saw.
    template <class Enough>
    static bool sees(EngineWatch& watch, Enough enough) {
        return test::eventually([&] {
            const auto snapshot = watch.look();
            return snapshot && enough(*snapshot);
        });
    }
    static std::vector<std::string> names(const std::vector<FleetContainer>& members) {
        std::vector<std::string> all;
        for (const FleetContainer& one : members)
            all.push_back(one.container.name);
        return all;
    }

    ScriptedEngine here{"here"};
    ScriptedEngine there{"there"};
    std::atomic<int> changes{0};
};

TEST_F(WatchTest, LooksAtAllThatAnswer) {
    const Fleet fleet = fleet_of({&here, &there});
    EngineWatch watch(
        fleet, [](const docker::EngineEvent&) {}, [&] { ++changes; });
    EXPECT_TRUE(test::eventually([&] { return changes == 2; }));
    const auto seen = watch.look();
    ASSERT_TRUE(seen);
    EXPECT_THAT(names(seen->members), ElementsAre("here", "there"));
    EXPECT_THAT(names(seen->ambassadors), ElementsAre("amba-here", "amba-there"));
    EXPECT_THAT(seen->addresses, SizeIs(2));
    EXPECT_THAT(seen->silent, IsEmpty());
}

// With half of the Engines a table would be half: an old one is better.
TEST_F(WatchTest, WaitsForTheFirstAnswerOfEach) {
    there.answers = false;
    const Fleet fleet = fleet_of({&here, &there});
    EngineWatch watch(
        fleet, [](const docker::EngineEvent&) {}, [&] { ++changes; });
    EXPECT_TRUE(test::eventually([&] { return changes == 1; }));
    EXPECT_FALSE(watch.look());
    there.answers = true;
    EXPECT_TRUE(sees(watch, [](const Snapshot& all) { return all.members.size() == 2; }));
}

TEST_F(WatchTest, KeepsWhatAnEngineSaidLast) {
    const Fleet fleet = fleet_of({&here, &there});
    EngineWatch watch(
        fleet, [](const docker::EngineEvent&) {}, [&] { ++changes; });
    ASSERT_TRUE(sees(watch, [](const Snapshot& all) { return all.silent.empty(); }));
    there.answers = false;
    ASSERT_TRUE(sees(watch, [](const Snapshot& all) { return all.silent.contains(1); }));
    const auto seen = watch.look();
    ASSERT_TRUE(seen);
    EXPECT_THAT(names(seen->members), ElementsAre("here", "there"));
    EXPECT_THAT(names(seen->ambassadors), ElementsAre("amba-here"))
        << "nothing can be done with the other";
    EXPECT_EQ(there.streams, 1);
    there.answers = true;
    EXPECT_TRUE(test::eventually([&] { return there.streams == 2; }))
        << "what happened meanwhile was told to nobody";
    EXPECT_TRUE(sees(watch, [](const Snapshot& all) {
        return all.silent.empty() && all.ambassadors.size() == 2;
    }));
}

TEST_F(WatchTest, BeginsAnewWhenAStreamBreaks) {
    const Fleet fleet = fleet_of({&here});
    EngineWatch watch(
        fleet, [](const docker::EngineEvent&) {}, [&] { ++changes; });
    ASSERT_TRUE(test::eventually([&] { return changes == 1; }));
    here.breaks = true;
    EXPECT_TRUE(test::eventually([&] { return changes > 1; }));
    here.breaks = false;
    EXPECT_TRUE(sees(watch, [](const Snapshot& all) { return all.silent.empty(); }));
}

TEST_F(WatchTest, EndsWhileNobodyAnswers) {
    here.answers = false;
    const Fleet fleet = fleet_of({&here});
    const auto begin = std::chrono::steady_clock::now();
    {
        const EngineWatch watch(
            fleet, [](const docker::EngineEvent&) {}, [] {});
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, test::kAtOnce);
}

TEST(Retry, IsLaterEachTime) {
    EXPECT_EQ(retry_after(0), 100ms);
    EXPECT_EQ(retry_after(1), 200ms);
    EXPECT_EQ(retry_after(30), 5s);
}

}  // namespace
}  // namespace amba::fleet
