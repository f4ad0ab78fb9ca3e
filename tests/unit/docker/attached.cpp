#include "amba/docker/attached.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "amba/docker/engine.hpp"
#include "support/eventually.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

const std::string kSwitched =
    "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
    "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const std::string kWhat = ": POST /containers/c1/attach: ";

std::string frame(char stream, const std::string& data) {
    return std::string{stream, 0, 0, 0, 0, 0, 0, static_cast<char>(data.size())} + data;
}

std::string receive_line(test::Socket& client) {
    std::string line;
    while (!line.ends_with('\n'))
        line += client.receive(1);
    return line;
}

}  // namespace

TEST(Attached, LinesThereAndBack) {
    FakeEngine fake([](const Asked&, test::Socket& client) {
        // With the header, a byte at a time, and two lines of three frames.
        client.send(kSwitched + frame(1, "rea"));
        for (const char byte : frame(1, "dy\n"))
            client.send(std::string(1, byte));
        const std::string asked = receive_line(client);
        client.send(frame(1, "one ") + frame(2, "aside") + frame(1, asked + "two\n"));
        stall(client);
    });
    const auto attached = Engine(fake.host()).attach("c1");
    ASSERT_EQ(reason_of(attached), "");
    const auto asked = fake.asked();
    EXPECT_EQ(asked.back().line(),
              "POST /v1.41/containers/c1/attach?stream=1&stdin=1&stdout=1&stderr=1");
    EXPECT_THAT(asked.back().head, HasSubstr("\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"));
    EXPECT_EQ(*(*attached)->line(10s), "ready");
    ASSERT_EQ(reason_of((*attached)->write("question\n", 10s)), "");
    EXPECT_EQ(*(*attached)->line(10s), "one question");
    EXPECT_EQ(*(*attached)->line(10s), "two");
    const auto start = test::Clock::now();
    EXPECT_EQ(reason_of((*attached)->line(100ms)), fake.name() + kWhat + "no answer within 100ms");
    EXPECT_LT(test::since(start), 10s);
}

TEST(Attached, SaysWhyItHasEnded) {
    const auto ended = [](const std::string& bytes) {
        FakeEngine fake(
            [&](const Asked&, test::Socket& client) { client.send(kSwitched + bytes); });
        const auto attached = Engine(fake.host()).attach("c1");
        const std::string start = fake.name() + kWhat;
        // What comes with the header is understood, or not, at once.
        const std::string reason =
            attached ? reason_of((*attached)->line(10s)) : reason_of(attached);
        EXPECT_TRUE(reason.starts_with(start)) << reason;
        return reason.substr(std::min(reason.size(), start.size()));
    };
    EXPECT_EQ(ended(""), "the container has ended");
    EXPECT_EQ(ended(frame(1, "no line")), "the container has ended");
    EXPECT_EQ(ended(frame(2, "amba: no such verb\n")), "amba: no such verb");
    EXPECT_EQ(ended(frame(3, "the Engine's")), "the Engine says in the output: the Engine's");
    EXPECT_EQ(ended("HTTP/1.1"), "the output is not in frames: \"HTTP/1.1\"");
}

TEST(Attached, WhatIsRefused) {
    FakeEngine fake([](const Asked&, test::Socket& client) {
        client.send(answer(404, R"({"message":"No such container: c1"})"));
    });
    EXPECT_EQ(reason_of(Engine(fake.host()).attach("c1")),
              fake.name() + ": POST /containers/c1/attach: No such container: c1");
}

// Its end is that of the container's standard input.
TEST(Attached, EndsWithItsOwner) {
    std::atomic<bool> ended{false};
    FakeEngine fake([&](const Asked&, test::Socket& client) {
        client.send(kSwitched);
        stall(client);
        ended = true;
    });
    auto attached = Engine(fake.host()).attach("c1");
    ASSERT_EQ(reason_of(attached), "");
    EXPECT_FALSE(ended);
    attached->reset();
    EXPECT_TRUE(test::eventually([&] { return ended.load(); }));
}
