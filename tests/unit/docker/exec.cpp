#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "amba/docker/engine.hpp"
#include "support/eventually.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;

namespace {

const std::string kRaw =
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";

std::string frame(char stream, const std::string& data) {
    return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(data.size())} + data;
}

// The steps of an exec, each of which a test may replace.
struct Steps {
    FakeEngine::Script make = [](const Asked&, test::Socket& client) {
        client.send(answer(201, R"({"Id":"e1"})"));
    };
    FakeEngine::Script start = [](const Asked&, test::Socket& client) {
        client.send(kRaw);
    };
    FakeEngine::Script look = [](const Asked&, test::Socket& client) {
        client.send(answer(200, R"({"Running":false,"ExitCode":0})"));
    };

    FakeEngine::Script script() const {
        return [*this](const Asked& asked, test::Socket& client) {
            if (asked.line() == "POST /v1.41/containers/c1/exec") return make(asked, client);
            if (asked.line() == "POST /v1.41/exec/e1/start") return start(asked, client);
            if (asked.line() == "GET /v1.41/exec/e1/json") return look(asked, client);
            client.send(answer(500, R"({"message":"not in the script"})"));
        };
    }
};

}  // namespace

TEST(EngineExec, OutputAndCode) {
    Steps steps;
    steps.start = [](const Asked&, test::Socket& client) {
        client.send(kRaw);
        const std::string bytes = frame(1, "out\n") + frame(2, "err\n") + frame(1, "more");
        for (const char byte : bytes)
            client.send(std::string(1, byte));
    };
    steps.look = [](const Asked&, test::Socket& client) {
        client.send(answer(200, R"({"ID":"e1","Running":false,"ExitCode":3,"Pid":1})"));
    };
    FakeEngine fake(steps.script());
    const auto done = Engine(fake.host()).exec("c1", {"amba", "check", "a b"}, 10s);
    ASSERT_EQ(reason_of(done), "");
    EXPECT_EQ(done->code, 3);
    EXPECT_EQ(done->out, "out\nmore");
    EXPECT_EQ(done->err, "err\n");
    const auto asked = fake.asked();
    ASSERT_EQ(asked.size(), 4u);
    EXPECT_EQ(json::parse(asked[1].body), json::parse(R"({
        "AttachStdout": true, "AttachStderr": true, "Cmd": ["amba", "check", "a b"]})"));
    EXPECT_EQ(json::parse(asked[2].body), json::parse(R"({"Detach": false, "Tty": false})"));
}

TEST(EngineExec, WaitsForTheCode) {
    Steps steps;
    std::atomic<int> looks{0};
    steps.look = [&](const Asked&, test::Socket& client) {
        client.send(answer(200, ++looks < 3 ? R"({"Running":true,"ExitCode":null})"
                                            : R"({"Running":false,"ExitCode":1})"));
    };
    FakeEngine fake(steps.script());
    const auto done = Engine(fake.host()).exec("c1", {"true"}, 10s);
    ASSERT_EQ(reason_of(done), "");
    EXPECT_EQ(done->code, 1);
    EXPECT_EQ(looks, 3);
}

TEST(EngineExec, TheTimeIsUpInAnyStep) {
    // Much longer than the steps take here and now.
    const core::Duration time = [] {
        FakeEngine fake(Steps().script());
        const auto start = test::Clock::now();
        EXPECT_EQ(reason_of(Engine(fake.host()).exec("c1", {"sleep", "9"}, 60s)), "");
        return 400ms + 10 * test::since(start);
    }();
    const auto late = [time](const Steps& steps) {
        FakeEngine fake(steps.script());
        const auto start = test::Clock::now();
        const std::string reason = reason_of(Engine(fake.host()).exec("c1", {"sleep", "9"}, time));
        EXPECT_GE(test::since(start), time - 50ms);
        EXPECT_LT(test::since(start), time + test::kAtOnce);
        EXPECT_TRUE(reason.starts_with(fake.name() + ": ")) << reason;
        return reason.substr(std::min(reason.size(), fake.name().size() + 2));
    };
    const auto stalls = [](const Asked&, test::Socket& client) {
        stall(client);
    };
    const std::string not_done = "exec in c1: sleep 9: not done within " + core::to_string(time);
    Steps steps;
    steps.make = stalls;
    EXPECT_EQ(late(steps), "POST /containers/c1/exec: no answer within " + core::to_string(time));
    steps = Steps();
    steps.start = stalls;
    EXPECT_EQ(late(steps), not_done);
    steps = Steps();
    steps.start = [](const Asked&, test::Socket& client) {
        client.send(kRaw + frame(1, "begun"));
        stall(client);
    };
    EXPECT_EQ(late(steps), not_done);
    steps = Steps();
    steps.look = stalls;
    EXPECT_EQ(late(steps), not_done);
    steps = Steps();
    steps.look = [](const Asked&, test::Socket& client) {
        client.send(answer(200, R"({"Running":true,"ExitCode":null})"));
    };
    EXPECT_EQ(late(steps), not_done);
}

TEST(EngineExec, WhatGoesWrong) {
    const auto reason = [](const Steps& steps) {
        FakeEngine fake(steps.script());
        const std::string all = reason_of(Engine(fake.host()).exec("c1", {"x"}, 10s));
        EXPECT_TRUE(all.starts_with(fake.name() + ": ")) << all;
        return all.substr(std::min(all.size(), fake.name().size() + 2));
    };
    const auto says = [](const std::string& bytes) {
        return [bytes](const Asked&, test::Socket& client) {
            client.send(bytes);
        };
    };
    Steps steps;
    steps.make = says(answer(409, R"({"message":"container c1 is not running"})"));
    EXPECT_EQ(reason(steps), "POST /containers/c1/exec: container c1 is not running");
    steps = Steps();
    steps.make = says(answer(201, "{}"));
    EXPECT_EQ(reason(steps),
              "POST /containers/c1/exec: the answer is not understood: Id is missing; expected a "
              "string");
    steps = Steps();
    steps.start = says(answer(400, R"({"message":"no such file"})"));
    EXPECT_EQ(reason(steps), "exec in c1: x: no such file");
    steps = Steps();
    steps.start = says(kRaw + frame(1, "whole") + frame(1, "cut").substr(0, 9));
    EXPECT_EQ(reason(steps), "exec in c1: x: the output ends inside a frame");
    steps = Steps();
    steps.look = says(answer(404, R"({"message":"No such exec instance"})"));
    EXPECT_EQ(reason(steps), "GET /exec/e1/json: No such exec instance");
    steps = Steps();
    steps.look = says(answer(200, R"({"Running":"no"})"));
    EXPECT_EQ(reason(steps),
              "GET /exec/e1/json: the answer is not understood: Running is a string; expected true "
              "or false");
}
