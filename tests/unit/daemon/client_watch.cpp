// The end of an ambassador that goes with its clients.
#include "daemon/client_watch.hpp"

#include "tests/unit/daemon/proc_double.hpp"
#include "tests/unit/daemon/rooms.hpp"

using namespace amba;
using namespace amba::test;

namespace {

class ClientWatchTest : public Rooms {
  protected:
    void watch(std::optional<core::Duration> time) {
        clients.emplace(
            loop, activation->proxy(), time, [this] { ++over; }, daemon::ClientSigns(proc.root()));
        clients->start();
    }
    void come() { proc.process("20", "app", "0::/../client\n"); }
    bool turns_for(core::Duration time) {
        const auto until = core::Clock::now() + time;
        return !turn_until([&] { return over > 0 || core::Clock::now() > until; }) || over == 0;
    }
    ProcDouble proc;
    std::optional<daemon::ClientWatch> clients;
    int over = 0;
};

}  // namespace

TEST_F(ClientWatchTest, WaitsForTheFirstAndEndsOnceAfterTheLast) {
    watch(200ms);
    EXPECT_TRUE(turns_for(500ms)) << "nobody has come";
    come();
    EXPECT_TRUE(turns_for(500ms)) << "it is there";
    proc.ends("20");
    EXPECT_TRUE(turn_until([&] { return over > 0; }));
    turns_for(300ms);
    EXPECT_EQ(over, 1);
}

TEST_F(ClientWatchTest, ForgivesAGap) {
    watch(10s);
    come();
    EXPECT_TRUE(turns_for(100ms));
    proc.ends("20");
    EXPECT_TRUE(turns_for(500ms));
}

TEST_F(ClientWatchTest, AConnectionIsAClient) {
    const std::string place = some_place();
    ASSERT_EQ(swap_to(front(place, serve("a") + ":6379")), "");
    watch(200ms);
    {
        const net::Descriptor client = connect_to(place);
        EXPECT_TRUE(turn_until([&] { return activation->proxy().connections().now > 0; }));
        EXPECT_TRUE(turns_for(600ms));
        const linger reset{1, 0};  // its server would keep the other half
        setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    EXPECT_TRUE(turn_until([&] { return over > 0; }));
}

// Between two looks, as short ones do.
TEST_F(ClientWatchTest, AConnectionThatIsOverIsAClient) {
    const std::string place = some_place();
    ASSERT_EQ(swap_to(front(place, serve("a") + ":6379")), "");
    watch(800ms);
    {
        const net::Descriptor client = connect_to(place);
        const linger reset{1, 0};
        setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    EXPECT_TRUE(turn_until([&] { return activation->proxy().connections().total == 1; }));
    EXPECT_TRUE(turn_until([&] { return activation->proxy().connections().now == 0; }));
    EXPECT_TRUE(turn_until([&] { return over > 0; }));
}

TEST_F(ClientWatchTest, NeverLooksUnlessItIsAsked) {
    watch(std::nullopt);
    come();
    EXPECT_TRUE(turns_for(100ms));
    proc.ends("20");
    EXPECT_TRUE(turns_for(300ms));
    watch(50ms);
    come();
    EXPECT_TRUE(turns_for(200ms));
    clients->stop();
    proc.ends("20");
    EXPECT_TRUE(turns_for(300ms)) << "it is stopping";
}
