#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "amba/docker/engine.hpp"
#include "support/eventually.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

constexpr const char* kStart =
    R"({"status":"start","id":"c1","Type":"container","Action":"start","Actor":{"ID":"c1",)"
    R"("Attributes":{"image":"amba","name":"one \n two"}},"time":1,"timeNano":1795332600123456789})";
constexpr const char* kKill =
    R"({"Type":"container","Action":"kill","Actor":{"ID":"c1","Attributes":{"signal":"1"}}})";
constexpr const char* kVolume =
    R"({"Type":"volume","Action":"create","Actor":{"ID":"v","Attributes":null}})";

const std::string kTime = answer(200, R"({"SystemTime":"2026-11-22T07:30:00.123456789Z"})");

// /info as it is, and /events as the test wants.
FakeEngine::Script events_by(FakeEngine::Script script) {
    return [script = std::move(script)](const Asked& asked, test::Socket& client) {
        if (asked.target == "/v1.41/info") return client.send(kTime);
        script(asked, client);
    };
}

// Follows in a thread of its own.
class Follower {
  public:
    explicit Follower(const Host& host, core::Duration time = 10s) :
        thread_([this, engine = Engine(host, time)] {
            const auto ended = engine.events([this] { ++opened; },
                                             [this](const EngineEvent& event) {
                                                 const std::lock_guard lock(mutex_);
                                                 told_.push_back(event);
                                             },
                                             stop_.get_token());
            reason_ = reason_of(ended);
            done = true;
        }) {}
    ~Follower() { stop(); }

    void stop() {
        stop_.request_stop();
        if (thread_.joinable()) thread_.join();
    }
    void ask_to_stop() { stop_.request_stop(); }
    // Waits for the end.
    std::string reason() {
        thread_.join();
        return reason_;
    }
    std::vector<EngineEvent> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }
    std::vector<std::string> words() const {
        std::vector<std::string> out;
        for (const EngineEvent& event : told())
            out.push_back(event.type + " " + event.action + " " + event.id);
        return out;
    }

    std::atomic<int> opened{0};
    std::atomic<bool> done{false};

  private:
    mutable std::mutex mutex_;
    std::vector<EngineEvent> told_;
    std::string reason_;
    std::stop_source stop_;
    std::thread thread_;  // last, so that it finds all of the others
};

}  // namespace

TEST(EngineEvents, CutAnywhere) {
    const std::string all =
        std::string(kStart) + "\n" + kKill + "\n" + kVolume + "\n" + kKill + "\n";
    for (const std::size_t piece : {1u, 7u, 100u, 10'000u}) {
        FakeEngine fake(events_by([&](const Asked&, test::Socket& client) {
            client.send(kChunked);
            for (std::size_t at = 0; at < all.size(); at += piece)
                client.send(chunk(all.substr(at, piece)));
            stall(client);
        }));
        Follower follower(fake.host());
        ASSERT_TRUE(test::eventually([&] { return follower.told().size() == 4; }))
            << "in chunks of " << piece;
        EXPECT_THAT(follower.words(), ElementsAre("container start c1", "container kill c1",
                                                  "volume create v", "container kill c1"));
        EXPECT_EQ(follower.told()[0].attributes.at("name"), "one \n two");
        EXPECT_EQ(follower.told()[1].attributes.at("signal"), "1");
        EXPECT_EQ(follower.told()[0].time_us, 1'795'332'600'123'456);
        EXPECT_THAT(follower.told()[2].attributes, IsEmpty());
        EXPECT_EQ(follower.opened, 1);
        follower.ask_to_stop();
        EXPECT_EQ(follower.reason(), "");
    }
}

TEST(EngineEvents, SinceTheEnginesOwnTime) {
    FakeEngine fake(events_by([](const Asked&, test::Socket& client) {
        client.send(kChunked);
        stall(client);
    }));
    Follower follower(fake.host());
    ASSERT_TRUE(test::eventually([&] { return follower.opened == 1; }));
    EXPECT_THAT(fake.lines(),
                ElementsAre("GET /_ping", "GET /v1.41/info",
                            "GET /v1.41/events?since=1795332600.123456000&filters="
                            "%7B%22type%22%3A%5B%22container%22%2C%22volume%22%5D%7D"));
}

// An event is told when it comes, and not when the next one does; silence is no error, and lasts
// longer than a question may take.
TEST(EngineEvents, ToldAtOnceAndAfterALongSilence) {
    std::atomic<bool> go{false};
    FakeEngine fake(events_by([&](const Asked&, test::Socket& client) {
        client.send(kChunked + chunk(std::string(kStart) + "\n"));
        test::eventually([&] { return go.load(); });
        client.send(chunk(std::string(kKill) + "\n"));
        stall(client);
    }));
    Follower follower(fake.host(), 2s);
    ASSERT_TRUE(test::eventually([&] { return follower.told().size() == 1; }));
    EXPECT_TRUE(test::throughout(2500ms, [&] { return !follower.done; }));
    go = true;
    ASSERT_TRUE(test::eventually([&] { return follower.told().size() == 2; }));
}

TEST(EngineEvents, StopWhileNothingComes) {
    FakeEngine fake(events_by([](const Asked&, test::Socket& client) {
        client.send(kChunked);
        stall(client);
    }));
    Follower follower(fake.host(), 60s);
    ASSERT_TRUE(test::eventually([&] { return follower.opened == 1; }));
    const auto start = test::Clock::now();
    follower.ask_to_stop();
    EXPECT_EQ(follower.reason(), "");
    EXPECT_LT(test::since(start), test::kAtOnce);
}

TEST(EngineEvents, StopBeforeAnAnswer) {
    for (const std::string stalls : {"/_ping", "/v1.41/info", "/v1.41/events"}) {
        std::atomic<bool> there{false};
        FakeEngine fake(
            [&](const Asked& asked, test::Socket& client) {
                if (asked.target.starts_with(stalls)) {
                    there = true;
                    stall(client);
                } else if (asked.target == "/_ping") {
                    client.send(answer(200, "OK", "Api-Version: 1.41\r\n"));
                } else {
                    client.send(kTime);
                }
            },
            "");
        Follower follower(fake.host(), 60s);
        ASSERT_TRUE(test::eventually([&] { return there.load(); })) << stalls;
        const auto start = test::Clock::now();
        follower.ask_to_stop();
        EXPECT_EQ(follower.reason(), "") << stalls;
        EXPECT_LT(test::since(start), test::kAtOnce) << stalls;
        EXPECT_EQ(follower.opened, 0);
    }
}

TEST(EngineEvents, StopBeforeItBegins) {
    FakeEngine fake(events_by([](const Asked&, test::Socket& client) { stall(client); }));
    std::stop_source stop;
    stop.request_stop();
    const auto ended =
        Engine(fake.host()).events([] {}, [](const EngineEvent&) {}, stop.get_token());
    EXPECT_EQ(reason_of(ended), "");
}

// A stop by the function that is told is the last that it hears.
TEST(EngineEvents, StopFromWithin) {
    FakeEngine fake(events_by([](const Asked&, test::Socket& client) {
        client.send(kChunked + chunk(std::string(kStart) + "\n" + kKill + "\n" + kVolume + "\n"));
        stall(client);
    }));
    std::stop_source stop;
    int told = 0;
    const auto ended = Engine(fake.host())
                           .events([] {},
                                   [&](const EngineEvent&) {
                                       ++told;
                                       stop.request_stop();
                                   },
                                   stop.get_token());
    EXPECT_EQ(reason_of(ended), "");
    EXPECT_EQ(told, 1);
}

TEST(EngineEvents, HowTheStreamBreaks) {
    const auto reason = [](const std::string& bytes) {
        FakeEngine fake(
            events_by([bytes](const Asked&, test::Socket& client) { client.send(bytes); }));
        const std::string all = Follower(fake.host()).reason();
        EXPECT_TRUE(all.starts_with(fake.name() + ": GET /events: ")) << all;
        return all.substr(std::min(all.size(), fake.name().size() + 15));
    };
    const std::string begun = kChunked + chunk(std::string(kStart) + "\n");
    EXPECT_EQ(reason(""), "the connection was closed, unanswered");
    EXPECT_EQ(reason(kChunked), "the answer ends early");
    EXPECT_EQ(reason(begun), "the answer ends early");
    EXPECT_EQ(reason(begun + chunk(kKill).substr(0, 20)), "the answer ends early");
    EXPECT_EQ(reason(begun + chunk("")), "the stream has ended");
    EXPECT_EQ(reason(begun + chunk("nonsense\n")), "the answer is not JSON: \"nonsense\"");
    EXPECT_EQ(reason(begun + chunk("{\"Type\":7}\n")),
              "the answer is not understood: Type is a number; expected a string");
    EXPECT_EQ(reason(answer(500, R"({"message":"too many listeners"})")), "too many listeners");
    EXPECT_EQ(reason(answer(204, "")), "status 204");
}

TEST(EngineEvents, ATimeThatIsNone) {
    FakeEngine fake([](const Asked&, test::Socket& client) {
        client.send(answer(200, R"({"SystemTime":"soon"})"));
    });
    EXPECT_EQ(Follower(fake.host()).reason(),
              fake.name() +
                  ": GET /info: the answer is not understood: SystemTime is \"soon\"; expected a "
                  "time of RFC 3339");
}
