// What of a /proc is a sign of a client, and what is not.
#include "daemon/client_signs.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "tests/unit/daemon/proc_double.hpp"

using namespace amba;
using namespace amba::test;
using daemon::ClientSigns;

namespace {

// As the kernel writes it: the four bytes as a number of this machine.
std::string address(const char* text, const char* port = "1F90") {
    char out[32];
    std::snprintf(out, sizeof out, "%08X:%s", inet_addr(text), port);
    return out;
}

constexpr const char* kListen = "0A";
constexpr const char* kEstablished = "01";
constexpr const char* kTimeWait = "06";

struct ClientSignsTest : testing::Test {
    bool any() { return signs.any(); }
    ProcDouble proc;
    ClientSigns signs{proc.root()};
};

}  // namespace

TEST_F(ClientSignsTest, AreNoneAtFirst) {
    EXPECT_FALSE(any());
}

// ---- sockets ----

TEST_F(ClientSignsTest, ASocketOfAnotherProcess) {
    proc.sockets({{address("10.0.0.2"), kEstablished, "100"}});
    EXPECT_TRUE(any());
    proc.own(5, "socket:[100]");
    proc.own(6, "/dev/null");
    EXPECT_FALSE(any());
    proc.sockets(
        {{address("10.0.0.2"), kEstablished, "100"}, {address("0.0.0.0"), kListen, "101"}});
    EXPECT_TRUE(any());
    proc.sockets({});
    EXPECT_FALSE(any());
}

TEST_F(ClientSignsTest, ASocketOfIpv6) {
    proc.sockets({{"00000000000000000000000001000000:1F90", kEstablished, "100"}}, "tcp6");
    EXPECT_TRUE(any());
    proc.own(5, "socket:[100]");
    EXPECT_FALSE(any());
}

TEST_F(ClientSignsTest, NoSocketThatNobodyHas) {
    proc.sockets({{address("10.0.0.2"), kTimeWait, "0"}});
    EXPECT_FALSE(any());
}

TEST_F(ClientSignsTest, NoSocketOfTheEngineOrOfOtherAmbassadors) {
    proc.sockets({{address("127.0.0.11", "A3F2"), kListen, "100"},
                  {address("127.127.0.2"), kListen, "101"},
                  {address("127.127.255.9"), kListen, "102"}});
    EXPECT_FALSE(any());
    proc.sockets({{address("127.127.0.2"), kEstablished, "101"}});
    EXPECT_TRUE(any()) << "somebody is connected to it";
    proc.sockets({{address("127.128.0.2"), kListen, "101"}});
    EXPECT_TRUE(any());
}

TEST_F(ClientSignsTest, NothingThatIsTorn) {
    write_in_place(proc.root() + "/proc/net/tcp", "sl\n  0:\n\n x y z 0A 1 1 1 1 1 text\n0: 1 2 3");
    EXPECT_FALSE(any());
    unlink((proc.root() + "/proc/net/tcp").c_str());
    EXPECT_FALSE(any());
}

// ---- processes ----

TEST_F(ClientSignsTest, AProcessOfAnotherContainer) {
    proc.process("20", "app", "0::/../client\n");
    EXPECT_TRUE(any());
    proc.ends("20");
    EXPECT_FALSE(any());
    proc.sockets({{address("10.0.0.2"), kEstablished, "100"}});
    EXPECT_FALSE(any()) << "its sockets may outlive it, and say less";
    proc.process("21", "app", "0::/../client\n");
    EXPECT_TRUE(any());
}

TEST_F(ClientSignsTest, NoProcessThatOnlyHoldsTheNamespaces) {
    proc.process("1", "pause", "0::/../sandbox\n");
    EXPECT_FALSE(any());
    proc.process("1", "catatonit", "0::/../sandbox\n");
    EXPECT_FALSE(any());
    proc.process("1", "docker-init", "0::/../client\n");
    EXPECT_TRUE(any());
    proc.process("1", "pause", "0::/../sandbox\n");
    proc.process("20", "pause", "0::/../client\n");
    EXPECT_TRUE(any()) << "a client of that name";
}

TEST_F(ClientSignsTest, NoProcessOfItsOwnContainerAndNoAmbassador) {
    proc.process("20", "sh", "0::/own\n");
    proc.process("21", "amba", "0::/../other\n");
    EXPECT_FALSE(any());
}

// One that ends while it is looked at.
TEST_F(ClientSignsTest, NoProcessThatIsGone) {
    proc.process("20", "app", "");
    EXPECT_FALSE(any());
}
