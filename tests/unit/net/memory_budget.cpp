// Which limit holds, and how many connections it leaves room for, by files as the kernel has them.
#include "amba/net/memory_budget.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "net/cgroup_memory.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace amba::test;
using namespace std::chrono_literals;
using net::CgroupMemory;
using net::MemoryBudget;

namespace {

constexpr std::uint64_t kMega = 1 << 20;

class CgroupFiles : public testing::Test {
  protected:
    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = root.path() + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    void write_v2(const std::string& group, const std::string& limit, std::uint64_t used,
                  std::uint64_t files = 0) const {
        const std::string at = "/sys/fs/cgroup" + group;
        write(at + "/memory.max", limit + "\n");
        write(at + "/memory.current", std::to_string(used) + "\n");
        write(at + "/memory.stat",
              "anon 1\ninactive_file " + std::to_string(files) + "\nactive_file 77\n");
    }
    void write_v1(const std::string& group, std::uint64_t limit, std::uint64_t used,
                  std::uint64_t files = 0) const {
        const std::string at = "/sys/fs/cgroup/memory" + group;
        write(at + "/memory.limit_in_bytes", std::to_string(limit) + "\n");
        write(at + "/memory.usage_in_bytes", std::to_string(used) + "\n");
        write(at + "/memory.stat",
              "inactive_file 5\ntotal_inactive_file " + std::to_string(files) + "\n");
    }
    // A system with v2 alone. `group` is this process's, and `seen` the one that is mounted.
    void is_v2(const std::string& group, const std::string& seen = "/") const {
        write("/proc/self/cgroup", "0::" + group + "\n");
        write("/proc/self/mountinfo",
              "22 1 0:20 / /proc rw - proc proc rw\n"
              "31 23 0:26 " +
                  seen + " /sys/fs/cgroup ro,nosuid shared:9 - cgroup2 cgroup rw,nsdelegate\n");
    }
    // One with both, as Docker on an older system: memory is with v1.
    void is_v1(const std::string& group, const std::string& seen) const {
        write("/proc/self/cgroup", "9:pids:/x\n4:memory:" + group + "\n0::/x\n");
        write("/proc/self/mountinfo",
              "35 31 0:35 /x /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"
              "36 31 0:36 " +
                  seen +
                  " /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                  "37 31 0:37 /x /sys/fs/cgroup/unified ro - cgroup2 cgroup rw\n");
    }
    std::optional<CgroupMemory::Use> look() const { return CgroupMemory(root.path()).look(); }
    MemoryBudget budget() const {
        return MemoryBudget(std::make_unique<CgroupMemory>(root.path()));
    }

    const TempDir root;
    core::Time now = core::Clock::now();
};

}  // namespace

// With a cgroup namespace the group is "/", and its files are at the mount.
TEST_F(CgroupFiles, OfAContainerWithV2) {
    is_v2("/");
    write_v2("", "16777216", 5 * kMega, kMega);
    ASSERT_TRUE(look());
    EXPECT_EQ(look()->limit, 16 * kMega);
    EXPECT_EQ(look()->used, 4 * kMega);
}

// Without one the group has its path on the host, and the mount shows it as its root.
TEST_F(CgroupFiles, OfAContainerWithV1) {
    is_v1("/docker/0123", "/docker/0123");
    write_v1("", 16 * kMega, 5 * kMega, 2 * kMega);
    ASSERT_TRUE(look());
    EXPECT_EQ(look()->limit, 16 * kMega);
    EXPECT_EQ(look()->used, 3 * kMega);
}

TEST_F(CgroupFiles, OfAGroupThatIsNotSeen) {
    is_v2("/../../other");
    write_v2("", "16777216", kMega);
    ASSERT_TRUE(look());
    EXPECT_EQ(look()->limit, 16 * kMega);
}

// The one that has the least left, wherever it is.
TEST_F(CgroupFiles, OfNestedGroups) {
    is_v2("/pod/container");
    write_v2("/pod/container", "max", 5 * kMega);
    write_v2("/pod", "67108864", 60 * kMega);
    ASSERT_TRUE(look());
    EXPECT_EQ(look()->left(), 4 * kMega);
    write_v2("/pod/container", "8388608", 5 * kMega);
    EXPECT_EQ(look()->left(), 3 * kMega);
}

TEST_F(CgroupFiles, WithoutALimit) {
    EXPECT_FALSE(look());  // no such files at all
    is_v2("/a");
    write_v2("/a", "max", kMega);
    EXPECT_FALSE(look());
    is_v1("/a", "/");
    write_v1("/a", 9223372036854771712u, kMega);
    EXPECT_FALSE(look());
    MemoryBudget all = budget();
    for (int i = 0; i < 100'000; ++i) {
        ASSERT_TRUE(all.has_room(now));
        all.take_one();
    }
}

TEST_F(CgroupFiles, ThatCannotBeRead) {
    is_v2("/");
    write("/sys/fs/cgroup/memory.max", "16777216\n");
    EXPECT_FALSE(look());
    write("/sys/fs/cgroup/memory.current", "words\n");
    EXPECT_FALSE(look());
}

// However its use grows while it accepts, it stops before the part that is kept.
TEST_F(CgroupFiles, LetConnectionsInUntilTheRestIsKept) {
    for (const std::uint64_t limit : {16 * kMega, 32 * kMega, 64 * kMega}) {
        is_v2("/");
        std::uint64_t used = 3 * kMega;
        write_v2("", std::to_string(limit), used);
        MemoryBudget some = budget();
        std::size_t accepted = 0;
        for (;; ++accepted) {
            write("/sys/fs/cgroup/memory.current", std::to_string(used));
            if (!some.has_room(now)) break;
            ASSERT_LE(used, limit);
            some.take_one();
            used += 6 * 1024;
        }
        const std::uint64_t kept = std::min(limit / 4, 8 * kMega);
        EXPECT_LE(used, limit - kept);
        EXPECT_GE(used, limit - kept - kMega / 8) << accepted << " connections";
        EXPECT_EQ(some.limit(), std::to_string(limit >> 20) + " MB");
    }
}

// Where there was no room it is not looked for in the same moment.
TEST_F(CgroupFiles, AreLookedAtAgainAfterAWhile) {
    is_v2("/");
    write_v2("", "16777216", 16 * kMega);
    MemoryBudget some = budget();
    EXPECT_FALSE(some.has_room(now));
    write_v2("", "16777216", 2 * kMega);
    EXPECT_FALSE(some.has_room(now + 9ms));
    EXPECT_TRUE(some.has_room(now + 10ms));
    EXPECT_TRUE(some.is_half_free(now + 20ms));
    write_v2("", "16777216", 7 * kMega);
    EXPECT_FALSE(some.is_half_free(now + 40ms));
}

// `docker update --memory`.
TEST_F(CgroupFiles, MayGetAnotherLimit) {
    is_v2("/");
    write_v2("", "max", 15 * kMega);
    MemoryBudget some = budget();
    ASSERT_TRUE(some.has_room(now));
    write_v2("", "16777216", 15 * kMega);
    std::size_t accepted = 0;
    while (some.has_room(now)) {
        some.take_one();
        ASSERT_LT(++accepted, 2000u);
    }
    write_v2("", "33554432", 15 * kMega);
    EXPECT_TRUE(some.has_room(now + 10ms));
}
