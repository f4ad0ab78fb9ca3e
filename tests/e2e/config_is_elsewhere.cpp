// A config.json that is not simply a file in its directory, and a directory that goes away: what is
// changed is seen all the same.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "support/daemon.hpp"
#include "support/mount.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;
namespace fs = std::filesystem;

namespace {

class Elsewhere : public testing::Test {
  protected:
    std::string table_with(const Peer& peer) const {
        return R"({"frontends": [{"bind": ")" + place.to_string() +
               R"(", "backends": [{"address": ")" + peer.address() + "\"}]}]}\n";
    }
    bool serves(const std::string& name) {
        return eventually(
            [&] { return !is_refused(place) && Socket::connect(place).receive(1) == name; });
    }
    std::string config() const { return daemon.file("config.json"); }
    Daemon daemon;
    TempDir other;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    Peer c{script::greet_then_echo("c")};
};

}  // namespace

TEST_F(Elsewhere, BehindALinkIsSeenWhenItIsReplacedOrRewritten) {
    write_in_place(other / "amba.json", table_with(a));
    fs::create_symlink(other / "amba.json", config());
    daemon.run();
    EXPECT_TRUE(serves("a"));
    write_and_rename(other / "amba.json", table_with(b));
    EXPECT_TRUE(serves("b"));
    write_in_place(other / "amba.json", table_with(c));
    EXPECT_TRUE(serves("c"));
    // The link itself is replaced too.
    write_in_place(other / "second.json", table_with(a));
    fs::create_symlink(other / "second.json", daemon.file("next"));
    fs::rename(daemon.file("next"), config());
    EXPECT_TRUE(serves("a"));
    write_in_place(other / "second.json", table_with(b));
    EXPECT_TRUE(serves("b"));
    EXPECT_EQ(daemon.lines("polling"), 0u) << daemon.log();
}

TEST_F(Elsewhere, BehindLinksOfLinksThatLeadNowhereYet) {
    fs::create_symlink(other / "current/amba.json", config());
    daemon.run();
    fs::create_directory(other / "v1");
    write_in_place(other / "v1/amba.json", table_with(a));
    fs::create_directory_symlink("v1", other / "current");
    EXPECT_TRUE(serves("a"));
    fs::create_directory(other / "v2");
    write_in_place(other / "v2/amba.json", table_with(b));
    fs::create_directory_symlink("v2", other / "next");
    fs::rename(other / "next", other / "current");
    EXPECT_TRUE(serves("b"));
    write_and_rename(other / "v2/amba.json", table_with(c));
    EXPECT_TRUE(serves("c"));
}

TEST_F(Elsewhere, MountedAloneIsSeenWhenItIsRewrittenInPlace) {
    MountNamespace mounts;
    if (!mounts.possible()) GTEST_SKIP() << "needs root";
    write_in_place(config(), "");
    const std::string host = other / "amba.json";
    write_in_place(host, table_with(a));
    mounts.bind(host, config());
    daemon.run();
    EXPECT_TRUE(serves("a"));
    write_in_place(host, table_with(b));
    EXPECT_TRUE(serves("b"));
    EXPECT_EQ(daemon.lines("polling"), 0u) << daemon.log();
}

TEST_F(Elsewhere, InADirectoryThatIsDeletedAndMadeAgain) {
    const std::string dir = other / "volume";
    fs::create_directory(dir);
    daemon.options().environment["AMBA_DIR"] = dir;
    daemon.run({place.to_string(), a.address()});
    const auto helper = [&](const Peer& peer) {
        return daemon.amba({"reconfigure", "--wait=20s", place.to_string(), peer.address()});
    };
    for (const auto* peer : {&b, &c}) {
        fs::remove_all(dir);
        EXPECT_EQ(Socket::connect(place).receive(1), peer == &b ? "a" : "b");
        fs::create_directory(dir);
        ASSERT_TRUE(eventually([&] { return daemon.amba({"healthcheck"}).code == 0; }));
        EXPECT_TRUE(exists(dir + "/amba.lock"));
        EXPECT_EQ(helper(*peer).code, 0);
        EXPECT_TRUE(serves(peer == &b ? "b" : "c"));
    }
    // It is watched again, not polled, and what it wrote is there for the next start.
    EXPECT_TRUE(eventually([&] { return daemon.lines("again") >= 2; }));
    write_in_place(dir + "/config.json", table_with(a));
    EXPECT_TRUE(serves("a"));
    EXPECT_TRUE(eventually([&] { return exists(dir + "/active.json"); }));
}

TEST_F(Elsewhere, ASocketOrALockThatIsRemovedIsMadeAgain) {
    for (const bool poll : {false, true}) {
        Daemon one;
        if (poll) one.flags({"--poll"});
        const Place its_own = own_place();
        one.run({its_own.to_string(), a.address()});
        for (int i = 0; i < 2; ++i) {
            fs::remove(one.file("amba.sock"));
            EXPECT_TRUE(eventually([&] { return one.amba({"healthcheck"}).code == 0; }));
        }
        EXPECT_EQ(one.lines("amba.sock was removed and is made again"), 2u) << one.log();
        fs::remove(one.file("amba.lock"));
        EXPECT_TRUE(eventually([&] { return exists(one.file("amba.lock")); }));
        const CommandResult second = one.amba({"run"});
        EXPECT_EQ(second.code, 1);
        EXPECT_THAT(second.err, HasSubstr("is in use by"));
        one.reconfigure({its_own.to_string(), b.address()});
        EXPECT_EQ(Socket::connect(its_own).receive(1), "b");
    }
}

// A watch that polls sees nothing of a socket that comes and goes between two looks. The call that
// follows bind() is made to last, before its work or after it, so that there is time to remove the
// name.
TEST_F(Elsewhere, ASocketThatIsRemovedAsSoonAsItIsMade) {
    daemon.flags({"--poll"});
    daemon.run({own_place().to_string(), a.address()});
    const std::string socket = daemon.file("amba.sock");
    std::size_t made = 0;
    for (const std::string delay : {"delay_enter", "delay_exit"}) {
        SCOPED_TRACE(delay);
        Process slow({"/usr/bin/strace", "-f", "-p", std::to_string(daemon.process().pid()), "-e",
                      "trace=chmod", "-e", "inject=chmod:" + delay + "=300000:when=1"},
                     {});
        ASSERT_TRUE(eventually([&] { return slow.err().find("attached") != std::string::npos; }));
        fs::remove(socket);
        ASSERT_TRUE(eventually([&] { return fs::remove(socket); }));
        made += 2;
        ASSERT_TRUE(eventually([&] {
            return daemon.lines("amba.sock was removed and is made again") == made;
        })) << daemon.log();
        EXPECT_TRUE(exists(socket));
        slow.signal(SIGINT);
        slow.wait();
    }
}

TEST_F(Elsewhere, ASocketThatCannotBeMadeAgainAtFirst) {
    daemon.flags({"--poll"});
    daemon.run({own_place().to_string(), a.address()});
    Process full({"/usr/bin/strace", "-f", "-p", std::to_string(daemon.process().pid()), "-e",
                  "trace=bind", "-e", "inject=bind:error=ENOSPC:when=1..2"},
                 {});
    ASSERT_TRUE(eventually([&] { return full.err().find("attached") != std::string::npos; }));
    fs::remove(daemon.file("amba.sock"));
    EXPECT_TRUE(eventually([&] { return daemon.lines("is made again") == 1; })) << daemon.log();
    EXPECT_EQ(daemon.lines("was removed: "), 1U);
    EXPECT_TRUE(exists(daemon.file("amba.sock")));
    full.signal(SIGINT);
    full.wait();
}

TEST_F(Elsewhere, AtIdleNothingIsLookedAt) {
    write_in_place(config(), table_with(a));
    daemon.run();
    EXPECT_TRUE(serves("a"));
    // It sleeps between two wakes: the context switches count how often it woke up.
    const auto wakes = [&] {
        std::ifstream file("/proc/" + std::to_string(daemon.process().pid()) + "/status");
        for (std::string word; file >> word;)
            if (word == "voluntary_ctxt_switches:" && file >> word) return std::stoul(word);
        return 0ul;
    };
    // After the start there comes a second in which it does not wake up.
    EXPECT_TRUE(eventually([&] {
        const auto before = wakes();
        std::this_thread::sleep_for(std::chrono::milliseconds(1200));
        return before > 0 && wakes() == before;
    })) << daemon.log();
    EXPECT_EQ(daemon.lines("polling"), 0u) << daemon.log();
}

TEST_F(Elsewhere, ADirectoryThatAnotherTookIsLeftAlone) {
    daemon.run({place.to_string(), a.address()});
    write_in_place(daemon.file("next"), "somebody else\n");
    const int fd = ::open(daemon.file("next").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(fd, 0);
    ASSERT_EQ(::flock(fd, LOCK_EX), 0);
    fs::rename(daemon.file("next"), daemon.file("amba.lock"));
    // Its socket, which stays when this one ends.
    fs::remove(daemon.file("amba.sock"));
    write_in_place(daemon.file("amba.sock"), "");
    EXPECT_TRUE(daemon.logs("is in use by somebody else")) << daemon.log();
    EXPECT_EQ(Socket::connect(place).receive(1), "a");
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_TRUE(exists(daemon.file("amba.sock")));
    ::close(fd);
}
