#include "amba/fleet/controller.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/fleet/support.hpp"

namespace amba::fleet {
namespace {

using namespace std::chrono_literals;

docker::EngineEvent event(const std::string& action, const std::string& name,
                          const std::string& signal = {}) {
    docker::EngineEvent one;
    one.type = "container";
    one.action = action;
    one.id = id(name);
    one.time_us = 2'000'000;
    if (!signal.empty()) one.attributes["signal"] = signal;
    return one;
}

struct StoppingTest : testing::Test {
    StoppingTest() { snapshot.members = {member("redis", "redis_1", "172.18.0.2", {6379})}; }
    bool marked(Stopping::Clock::duration after = 0s) {
        snapshot.members[0].stopping = false;
        stopping.mark(snapshot, now + after);
        return snapshot.members[0].stopping;
    }
    Stopping stopping;
    Stopping::Clock::time_point now{};
    Snapshot snapshot;
};

TEST_F(StoppingTest, IsToldByTheSignal) {
    EXPECT_FALSE(marked());
    stopping.told(event("kill", "redis_1", "1"), now);  // HUP
    EXPECT_FALSE(marked());
    stopping.told(event("kill", "other", "15"), now);
    EXPECT_FALSE(marked());
    stopping.told(event("kill", "redis_1", "15"), now);
    EXPECT_TRUE(marked());
}

TEST_F(StoppingTest, IsOverWhenItIsStartedAgain) {
    stopping.told(event("kill", "redis_1", "15"), now);
    stopping.told(event("die", "redis_1"), now);
    EXPECT_TRUE(marked()) << "an older look may still say that it runs";
    stopping.told(event("start", "redis_1"), now);
    EXPECT_FALSE(marked());
}

// The event of its start is lost with the stream when the Engine itself is started again.
TEST_F(StoppingTest, IsOverWhenALookSaysSo) {
    stopping.told(event("kill", "redis_1", "15"), now);
    snapshot.members[0].container.started_us = 2'000'001;
    EXPECT_FALSE(marked());
}

// QUIT makes a JVM tell its threads, and stops what says so alone.
TEST_F(StoppingTest, IsToldByTheContainersOwnSignal) {
    stopping.told(event("kill", "redis_1", "3"), now);
    EXPECT_FALSE(marked());
    snapshot.members[0].container.stop_signal = "SIGQUIT";
    EXPECT_TRUE(marked());
    stopping.told(event("start", "redis_1"), now);
    stopping.told(event("kill", "redis_1", "15"), now);
    EXPECT_FALSE(marked());
    stopping.told(event("kill", "redis_1", "9"), now);
    EXPECT_TRUE(marked());
}

TEST_F(StoppingTest, LastsAsLongAsItsTime) {
    snapshot.members[0].container.stop_seconds = 300;
    stopping.told(event("kill", "redis_1", "15"), now);
    EXPECT_TRUE(marked(300s));
    EXPECT_FALSE(marked(310s));
}

TEST_F(StoppingTest, IsForgottenAfterAMinute) {
    stopping.told(event("kill", "redis_1", "15"), now);
    EXPECT_TRUE(marked(59s));
    EXPECT_FALSE(marked(60s));
}

TEST(Doorbell, IsHeardOnceHoweverOftenItRang) {
    Doorbell bell;
    const std::stop_source stop;
    bell.ring();
    bell.ring();
    EXPECT_TRUE(bell.wait_until(Doorbell::Clock::now() + 10s, stop.get_token()));
    EXPECT_FALSE(bell.wait_until(Doorbell::Clock::now() + 1ms, stop.get_token()));
}

TEST(Doorbell, IsLeftWhenItIsTimeToStop) {
    Doorbell bell;
    std::stop_source stop;
    std::jthread other([&] { stop.request_stop(); });
    EXPECT_FALSE(bell.wait_until(Doorbell::Clock::now() + 1h, stop.get_token()));
}

TEST(TablesGiven, IsOfOneRunOfAnAmbassador) {
    TablesGiven given;
    FleetContainer one = member("a", "a", "172.18.0.2");
    EXPECT_EQ(given.words_of(one), nullptr);
    given.set(one, {"80"});
    EXPECT_TRUE(given.is(one, {"80"}));
    EXPECT_FALSE(given.is(one, {"81"}));
    Snapshot snapshot;
    snapshot.ambassadors = {one};
    given.keep_only(snapshot);
    EXPECT_TRUE(given.is(one, {"80"}));
    one.container.started_us += 1;
    EXPECT_FALSE(given.is(one, {"80"}));
    snapshot.ambassadors = {one};
    given.keep_only(snapshot);
    one.container.started_us -= 1;
    EXPECT_EQ(given.words_of(one), nullptr);
}

}  // namespace
}  // namespace amba::fleet
