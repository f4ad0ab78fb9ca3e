// All or nothing: a table that cannot be had as a whole changes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"
#include "support/temp_dir.hpp"

using namespace amba::test;
using testing::HasSubstr;

TEST(SwapIsRejected, WhenAPortIsTaken) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    const Place fresh = own_place();
    Peer squatter(script::hold, own_place());
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    const CommandResult done =
        daemon.amba({"reconfigure", "--wait", fresh.to_string(), peer.address(), "+",
                     squatter.address(), peer.address()});
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr(squatter.address()));
    EXPECT_THAT(done.err, HasSubstr("taken"));

    EXPECT_EQ(daemon.verdict()["result"], "rejected");
    EXPECT_EQ(daemon.verdict()["generation"], 1);
    EXPECT_THAT(daemon.verdict()["reason"].get<std::string>(), HasSubstr(squatter.address()));
    EXPECT_EQ(daemon.lines("rejected"), 1u) << daemon.log();
    EXPECT_EQ(daemon.generation(), 1u);
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
    EXPECT_TRUE(is_refused(fresh)) << "the frontend that could be bound was left behind";
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
}

TEST(SwapIsRejected, WhenNoInterfaceHasTheAddress) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    // TEST-NET-1 (RFC 5737)
    const CommandResult done =
        daemon.amba({"reconfigure", "--wait", "192.0.2.1:80", peer.address()});
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr("no interface here has that address"));
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
}

TEST(SwapIsRejected, AndTheNextOneIsApplied) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    const Place next = own_place();
    auto squatter = std::make_unique<Peer>(script::hold, next);
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    const Words words{"reconfigure", "--wait", next.to_string(), peer.address()};
    EXPECT_EQ(daemon.amba(words).code, 1);
    squatter.reset();
    EXPECT_EQ(daemon.amba(words).code, 0);
    EXPECT_EQ(Socket::connect(next).receive(2), "ok");
    EXPECT_TRUE(is_refused(place));
    EXPECT_EQ(daemon.verdict()["result"], "applied");
}

// The reason may have passed: the same bytes are judged again when they are written again.
TEST(SwapIsRejected, AndTheSameFileWrittenAgainIsApplied) {
    Peer peer(script::greet_then_echo("ok"));
    const Place next = own_place();
    auto squatter = std::make_unique<Peer>(script::hold, next);
    Daemon daemon;
    daemon.run();
    const std::string text = R"({"frontends": [{"bind": ")" + next.to_string() +
                             R"(", "backends": [{"address": ")" + peer.address() + R"("}]}]})";
    write_and_rename(daemon.file("config.json"), text);
    ASSERT_TRUE(daemon.logs("taken"));
    squatter.reset();
    write_and_rename(daemon.file("config.json"), text);
    ASSERT_TRUE(daemon.logs("applied"));
    EXPECT_EQ(Socket::connect(next).receive(2), "ok");
}

TEST(SwapIsRejected, WithoutTouchingConnections) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Peer squatter(script::hold, own_place());
    Daemon daemon;
    daemon.run({place.to_string(), "removed=close", peer.address()});
    Socket client = Socket::connect(place);
    client.receive(2);
    daemon.amba({"reconfigure", "--wait", squatter.address(), peer.address()});
    client.send("still");
    EXPECT_EQ(client.receive(5), "still");
}

TEST(SwapIsRejected, WhenTheOldPortOverlapsAndTheNewOneIsTaken) {
    // PORT -> ADDR:PORT needs SO_REUSEPORT on the old socket; a failure must take it back.
    Peer peer(script::greet_then_echo("ok"));
    const Place place{own_address(), free_port()};
    Peer squatter(script::hold, own_place());
    Daemon daemon;
    daemon.run({std::to_string(place.port), peer.address()});
    EXPECT_EQ(daemon
                  .amba({"reconfigure", "--wait", place.to_string(), peer.address(), "+",
                         squatter.address(), peer.address()})
                  .code,
              1);
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(Socket::connect(place).receive(2), "ok");
    Daemon other;
    other.launch({place.to_string(), peer.address()});
    EXPECT_EQ(other.wait(), 1) << "the port was left open for sharing";
}
