// The end of an ambassador is told once, whatever comes in the moment of it.
#include "daemon/drain.hpp"

#include "tests/unit/daemon/rooms.hpp"

using namespace amba;
using namespace amba::test;
using daemon::Drain;
using daemon::DrainAccept;

namespace {

class DrainTest : public Rooms {
  protected:
    void drain_as(DrainAccept accept) {
        drain.emplace(loop, activation->proxy(), 10min, accept,
                      [this](const std::string& why) { over.push_back(why); });
        drain->begin("SIGTERM");
    }
    std::optional<Drain> drain;
    std::vector<std::string> over;
};

}  // namespace

TEST_F(DrainTest, OfOneWithoutConnectionsIsOverAfterTheQuiet) {
    ASSERT_EQ(swap_to(front(some_place(), serve("a") + ":6379")), "");
    drain_as(DrainAccept::kLoopback);
    EXPECT_TRUE(over.empty());
    EXPECT_TRUE(turn_until([&] { return !over.empty(); }));
    EXPECT_EQ(over, std::vector<std::string>{"SIGTERM"});
}

TEST_F(DrainTest, OfWhatDoesNotAcceptIsOverAtOnce) {
    ASSERT_EQ(swap_to(front(some_place(), serve("a") + ":6379")), "");
    drain_as(DrainAccept::kOff);
    EXPECT_EQ(over, std::vector<std::string>{"SIGTERM"});
}

// A client that nobody serves is accepted as the sockets are closed, and is over within that.
TEST_F(DrainTest, IsOverOnceWhenItsLastClientComesAndGoesInThatMoment) {
    const std::string place = some_place();
    ASSERT_EQ(swap_to(front(place, "")), "");
    drain_as(DrainAccept::kLoopback);
    const net::Descriptor client = connect_to(place);
    const auto limit = core::Clock::now() + kLongestWait;
    while (over.empty() && core::Clock::now() < limit)
        loop.run_one_for(10ms);  // the timers alone: the poller has not told of the client
    turn();
    EXPECT_EQ(over, std::vector<std::string>{"SIGTERM"});
}
