// The line of each connection, where it is asked for, and how crowds of events are folded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <sstream>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class ConnectionLog : public testing::Test {
  protected:
    void ask() { EXPECT_EQ(Socket::connect(place).receive_to_end(), "ok"); }
    std::vector<nlohmann::json> lines(const std::string& event) const {
        std::vector<nlohmann::json> out;
        std::istringstream log(daemon.log());
        for (std::string line; std::getline(log, line);) {
            const auto parsed = nlohmann::json::parse(line);
            if (parsed["event"] == event) out.push_back(parsed);
        }
        return out;
    }
    Daemon daemon;
    const Place place = own_place();
    Peer peer{script::greet_then_close("ok")};
};

}  // namespace

TEST_F(ConnectionLog, AsJsonHasWhatACollectorWants) {
    RefusingPeer refusing;
    daemon.flags({"--log-connections", "--log-format", "json"});
    daemon.run({place.to_string(), "name=redis", refusing.address(), peer.address()});
    ask();
    ask();
    ASSERT_TRUE(eventually([&] { return lines("connection").size() == 2; }));
    unsigned tries = 0;
    for (const auto& line : lines("connection")) {
        EXPECT_EQ(line["frontend"], "redis");
        EXPECT_THAT(line["client"].get<std::string>(), testing::StartsWith("127."));
        EXPECT_EQ(line["backend"], peer.address());
        EXPECT_EQ(line["ended"], "--");
        EXPECT_EQ(line["bytes_up"], 0);
        EXPECT_EQ(line["bytes_down"], 2);
        EXPECT_GE(line["connect_ms"], 0);
        EXPECT_EQ(line["queued_ms"], 0);
        EXPECT_GE(line["total_ms"], line["connect_ms"]);
        tries += line["tries"].get<unsigned>();
    }
    EXPECT_EQ(tries, 3u) << "one of the two met the one that refuses";
    ASSERT_EQ(lines("down").size(), 1u);
    EXPECT_EQ(lines("down")[0]["backend"], refusing.address());
    EXPECT_EQ(lines("down")[0]["frontend"], "redis");
}

TEST_F(ConnectionLog, TellsHowLongOneWasQueued) {
    daemon.flags({"--log-connections", "--log-format", "json"});
    Peer holds(script::hold);
    daemon.run({place.to_string(), "empty=hold"});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["queue_current"] == 1; }));
    std::this_thread::sleep_for(50ms);
    daemon.reconfigure({place.to_string(), "empty=hold", peer.address()});
    EXPECT_EQ(client.receive_to_end(), "ok");
    client.close();
    ASSERT_TRUE(eventually([&] { return lines("connection").size() == 1; }));
    EXPECT_GE(lines("connection")[0]["queued_ms"], 50);
    EXPECT_GE(lines("connection")[0]["total_ms"], 50);
}

TEST_F(ConnectionLog, IsASampleWhereThatIsEnough) {
    daemon.flags({"--log-connections=10"});
    daemon.run({place.to_string(), peer.address()});
    for (int i = 0; i < 100; ++i)
        ask();
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_EQ(daemon.lines("info connection: "), 10u);
}

TEST_F(ConnectionLog, IsNotWrittenUnasked) {
    daemon.run({place.to_string(), peer.address()});
    ask();
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_EQ(daemon.lines("connection:"), 0u);
}

TEST_F(ConnectionLog, RefusesANumberThatIsNone) {
    for (const char* flag :
         {"--log-connections=x", "--log-connections=-1", "--log-connections=3x"}) {
        const CommandResult finished = run_amba({"run", flag, place.to_string()});
        EXPECT_EQ(finished.code, 2) << flag;
        EXPECT_THAT(finished.err, HasSubstr("--log-connections")) << flag;
    }
}

TEST_F(ConnectionLog, ACrowdOfBackendsThatFallIsFolded) {
    std::list<RefusingPeer> refusing(40);
    Words table{place.to_string(), "retries=50", "observe=off"};
    for (const RefusingPeer& one : refusing)
        table.push_back(one.address());
    table.push_back(peer.address());
    daemon.run(table);
    for (int i = 0; i < 3; ++i)  // the first one asks them all
        ask();
    EXPECT_EQ(daemon.lines("cannot be connected to"), 10u);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.lines("warning down: and 30 more such"), 1u) << daemon.log();
}
