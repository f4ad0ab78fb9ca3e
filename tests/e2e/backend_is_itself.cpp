// A shared network namespace shares /etc/hosts, where the name of the server may be the
// ambassador's own address: it must never call itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/mount.hpp"
#include "support/peer.hpp"

using namespace amba::test;

TEST(Itself, AsALiteralIsAnError) {
    const std::string place = own_place().to_string();
    const std::string port = std::to_string(free_port());
    const std::vector<Words> tables{
        {place, place},
        {"*:" + port, "127.0.0.1:" + port},
        {port, "127.0.0.1", port},
        {port, "127.127.0.9:" + port},
        {port, "[::1]:" + port},
        {port, "0.0.0.0:" + port},
        {place, "127.0.0.1:9", "+", own_place().to_string(), place},
    };
    for (Words words : tables) {
        words.insert(words.begin(), "run");
        const CommandResult done = run_amba(words);
        EXPECT_EQ(done.code, 2) << testing::PrintToString(words) << done.err;
        EXPECT_THAT(done.err, testing::HasSubstr(words.back().substr(0, words.back().find(':'))));
    }
}

TEST(Itself, AsALiteralIsRefusedByReconfigureAndLeavesTheTable) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    EXPECT_EQ(daemon.amba({"reconfigure", "--wait", place.to_string(), place.to_string()}).code, 2);
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
    EXPECT_EQ(daemon.generation(), 1u);
}

TEST(Itself, BehindANameOfTheHostsFileIsSkipped) {
    // localhost is 127.0.0.1, which is the frontend.
    const std::uint16_t port = free_port();
    Daemon daemon;
    daemon.run({"127.0.0.1:" + std::to_string(port), "localhost:" + std::to_string(port)});
    Socket client = Socket::connect({"127.0.0.1", port});
    EXPECT_EQ(client.end(), End::kReset);
    EXPECT_EQ(daemon.status()["unresolved"].size(), 1u);
    EXPECT_EQ(daemon.frontend()["connections_total"], 1) << "it has called itself";
}

TEST(Itself, BehindANameOfAnotherFrontendIsSkipped) {
    const Place first = own_place();
    const Place second = own_place();
    MountNamespace mounts;
    if (!mounts.possible()) GTEST_SKIP() << "needs root";
    mounts.replace("/etc/hosts", first.host + " redis\n" + second.host + " other\n");
    Daemon daemon;
    daemon.run({first.to_string(), "other:6379", "+", second.to_string(), "redis:6379"});
    for (const Place& place : {first, second}) {
        Socket client = Socket::connect(place);
        EXPECT_EQ(client.end(), End::kReset);
    }
    EXPECT_EQ(daemon.status()["unresolved"].size(), 2u);
}

TEST(Itself, IsNotANeighbourOfTheSameName) {
    const Place place = own_place();
    const std::string elsewhere = own_address();
    Peer peer(script::greet_then_echo("ok"), {elsewhere, kPort});
    MountNamespace mounts;
    if (!mounts.possible()) GTEST_SKIP() << "needs root";
    mounts.replace("/etc/hosts", place.host + " redis\n" + elsewhere + " redis\n");
    Daemon daemon;
    daemon.run({place.to_string(), "redis:6379"});
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(Socket::connect(place).receive(2), "ok");
    EXPECT_EQ(daemon.frontend()["backends"].size(), 1u);
}

TEST(Itself, AsAFrontendThatComesLaterIsDropped) {
    const Place first = own_place();
    const Place second = own_place();
    Peer peer(script::greet_then_echo("ok"), {own_address(), kPort});
    MountNamespace mounts;
    if (!mounts.possible()) GTEST_SKIP() << "needs root";
    mounts.replace("/etc/hosts", second.host + " redis\n" + peer.place().host + " redis\n");
    Daemon daemon;
    daemon.run({first.to_string(), "redis:6379"});
    EXPECT_EQ(daemon.frontend()["backends"].size(), 2u);
    daemon.reconfigure({first.to_string(), "redis:6379", "+", second.to_string(), peer.address()});
    EXPECT_EQ(daemon.frontend()["backends"].size(), 1u);
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(Socket::connect(first).receive(2), "ok");
}
