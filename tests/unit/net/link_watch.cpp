// Held against the kernel, in network namespaces of the test's own.
#include "amba/net/link_watch.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/network.hpp"
#include "support/process.hpp"
#include "tests/unit/net/turned_loop.hpp"

using namespace amba;
using namespace amba::test;

namespace {

class LinkWatchTest : public testing::Test, protected TurnedLoop {
  protected:
    void SetUp() override {
        if (!network.possible()) GTEST_SKIP() << "needs a network namespace";
    }
    void start() { ASSERT_TRUE(watch.start().has_value()); }
    bool becomes(bool cut_off) {
        return turn_until([&] { return watch.is_cut_off() == cut_off; });
    }
    // All that the kernel has told so far is read.
    void settle() {
        for (int i = 0; i < 5; ++i) {
            turn();
            ASSERT_TRUE(network.ip("link set lo up"));
        }
    }

    NetworkNamespace network;
    int told = 0;
    net::LinkWatch watch{loop, [this] {
                             ++told;
                         }};
};

}  // namespace

TEST_F(LinkWatchTest, TellsThatTheLastLinkHasLeft) {
    ASSERT_TRUE(network.add_link("one"));
    ASSERT_TRUE(network.add_link("two"));
    start();
    settle();
    EXPECT_FALSE(watch.is_cut_off());
    ASSERT_TRUE(network.ip("link del one"));
    settle();
    EXPECT_FALSE(watch.is_cut_off());
    ASSERT_TRUE(network.ip("link del two"));
    EXPECT_TRUE(becomes(true));
    EXPECT_EQ(told, 1);
}

TEST_F(LinkWatchTest, TellsThatALinkIsThereAgain) {
    start();
    ASSERT_TRUE(network.add_link("one"));
    settle();
    ASSERT_TRUE(network.ip("link del one"));
    ASSERT_TRUE(becomes(true));
    ASSERT_TRUE(network.ip("link add one type veth peer name other"));
    settle();
    EXPECT_TRUE(watch.is_cut_off());
    ASSERT_TRUE(network.ip("link set one up"));
    EXPECT_TRUE(becomes(false));
    EXPECT_EQ(told, 2);
}

// As an engine does that takes back what it gave.
TEST_F(LinkWatchTest, CountsALinkThatIsMovedToAnotherNamespace) {
    ASSERT_TRUE(network.add_link("one"));
    start();
    settle();
    Process other({"/usr/bin/unshare", "--net", "/bin/sleep", "60"}, {});
    const auto name_of = [](const std::string& pid) {
        std::error_code none;
        return std::filesystem::read_symlink("/proc/" + pid + "/ns/net", none).string();
    };
    const std::string pid = std::to_string(other.pid());
    ASSERT_TRUE(eventually([&] { return name_of(pid) != name_of("self") && other.running(); }));
    ASSERT_TRUE(network.ip("link set one netns " + pid));
    EXPECT_TRUE(becomes(true));
}

// A host without a network: nothing has ended.
TEST_F(LinkWatchTest, DoesNotTakeANamespaceThatNeverHadALinkForOneThatIsCutOff) {
    start();
    settle();
    ASSERT_TRUE(network.ip("link add idle type veth peer name other") &&
                network.ip("link del idle"));
    settle();
    EXPECT_FALSE(watch.is_cut_off());
    EXPECT_EQ(told, 0);
}

// An administrator has switched it off; it is there.
TEST_F(LinkWatchTest, CountsALinkThatIsDown) {
    ASSERT_TRUE(network.add_link("one"));
    start();
    settle();
    ASSERT_TRUE(network.ip("link set one down"));
    settle();
    EXPECT_FALSE(watch.is_cut_off());
}

// What a link does as a port of a bridge is not what it does in the namespace.
TEST_F(LinkWatchTest, DoesNotCountTheEndOfABridgesPort) {
    ASSERT_TRUE(network.add_link("one") && network.ip("link add bridge type bridge") &&
                network.ip("link set one master bridge"));
    start();
    settle();
    ASSERT_TRUE(network.ip("link set one nomaster"));
    settle();
    ASSERT_TRUE(network.ip("link del bridge"));
    settle();
    EXPECT_FALSE(watch.is_cut_off());
    ASSERT_TRUE(network.ip("link del one"));
    EXPECT_TRUE(becomes(true));
}

// More than the socket's buffer holds: the kernel drops some (ENOBUFS), and the list is read again.
TEST_F(LinkWatchTest, SeesTheEndInACrowdOfMessages) {
    ASSERT_TRUE(network.add_link("one"));
    start();
    settle();
    std::string batch;
    for (int i = 0; i < 1000; ++i)
        batch += "link set lo mtu " + std::to_string(60000 + i) + "\n";
    batch += "link del one\n";
    for (int i = 0; i < 1000; ++i)
        batch += "link set lo mtu " + std::to_string(50000 + i) + "\n";
    ASSERT_TRUE(network.ip_batch(batch));
    EXPECT_TRUE(becomes(true));
}
