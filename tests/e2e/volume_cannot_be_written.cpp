// A volume that is full or read-only: the table serves all the same, and one line says that it will
// not survive a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "support/daemon.hpp"
#include "support/mount.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class Unwritable : public testing::Test {
  protected:
    void SetUp() override {
        if (!mounts.possible()) GTEST_SKIP() << "needs root";
        // The wanted table comes from a volume that works; what the daemon writes goes to the
        // mount.
        mounts.tmpfs(state.path(), 64);
        daemon.options().environment["AMBA_STATE"] = state.path();
    }
    void fill() {
        std::ofstream file(state / "filler");
        const std::string block(512, 'x');
        while (file.write(block.data(), 512).flush()) {
        }
    }
    std::string ask() { return Socket::connect(place).receive(1); }

    MountNamespace mounts;
    TempDir state;
    Daemon daemon;
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    const Place place = own_place();
};

}  // namespace

TEST_F(Unwritable, FullServesAndSaysSo) {
    daemon.run({place.to_string(), a.address()});
    const std::string before = read_file(state / "active.json");
    fill();
    for (int i = 0; i < 3; ++i) {
        const CommandResult done = daemon.amba(
            {"reconfigure", "--wait", place.to_string(), i % 2 == 0 ? b.address() : a.address()});
        EXPECT_EQ(done.code, 0) << done.err;
        EXPECT_THAT(done.out, HasSubstr("not saved"));
        EXPECT_EQ(ask(), i % 2 == 0 ? "b" : "a");
    }
    EXPECT_EQ(read_file(state / "active.json"), before) << "the last good one was lost";
    EXPECT_EQ(daemon.lines("cannot write"), 1u) << daemon.log();
    EXPECT_EQ(daemon.lines("No space left"), 1u) << daemon.log();
    // showconfig asks the daemon, which knows better than the file.
    EXPECT_THAT(daemon.amba({"showconfig"}).out, HasSubstr(b.address()));
    ::unlink((state / "filler").c_str());
    EXPECT_THAT(daemon.amba({"reconfigure", "--wait", place.to_string(), a.address()}).out,
                testing::Not(HasSubstr("not saved")));
    EXPECT_EQ(daemon.verdict()["saved"], true);
}

TEST_F(Unwritable, ReadOnlyServesAndSaysSo) {
    daemon.run({place.to_string(), a.address()});
    // A file that is open for writing, as the lock is, would keep the mount writable.
    daemon.kill();
    mounts.remount_read_only(state.path(), true);
    daemon.launch({place.to_string(), b.address()});
    ASSERT_TRUE(daemon.logs("applied: ")) << daemon.log();
    EXPECT_EQ(ask(), "b");
    EXPECT_TRUE(daemon.logs(state.path()));
    EXPECT_TRUE(daemon.logs("does not survive a restart"));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0) << "it serves";
    const CommandResult done =
        daemon.amba({"reconfigure", "--wait", place.to_string(), a.address()});
    EXPECT_EQ(done.code, 0) << done.err;
    EXPECT_THAT(done.out, HasSubstr("not saved"));
    EXPECT_EQ(ask(), "a");
    EXPECT_EQ(daemon.lines(" volume: "), 1u) << daemon.log();
}

TEST_F(Unwritable, FullVolumeFailsReconfigureAndKeepsTheOldConfig) {
    Daemon all;  // config.json is on the full file system as well
    all.options().environment["AMBA_DIR"] = state.path();
    all.run({place.to_string(), a.address()});
    const auto reconfigure = [&](const Peer& peer) {
        return all.amba(
            {"reconfigure", "--dir", state.path(), "--wait", place.to_string(), peer.address()});
    };
    EXPECT_EQ(reconfigure(b).code, 0);
    const std::string before = read_file(state / "config.json");
    fill();
    const CommandResult done = reconfigure(a);
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr("No space left"));
    EXPECT_EQ(read_file(state / "config.json"), before);
    EXPECT_EQ(ask(), "b");
}

TEST(UnwritableDirectory, OfAnotherUserGetsOneLineWithPathOwnerAndUid) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Daemon daemon;
    ASSERT_EQ(::chmod(daemon.dir().c_str(), 0755), 0);
    daemon.options().uid = 12345;
    daemon.launch({place.to_string(), peer.address()});
    ASSERT_TRUE(daemon.logs("applied: ")) << daemon.log();
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
    EXPECT_TRUE(daemon.logs(daemon.dir() + " belongs to uid 0"));
    EXPECT_TRUE(daemon.logs("this is uid 12345"));
    Socket::connect(place).receive(2);
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_EQ(daemon.lines(" volume: "), 1u) << daemon.log();
}
