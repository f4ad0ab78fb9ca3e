#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "amba/table/words.hpp"
#include "amba/volume/volume.hpp"

using namespace amba;

namespace {

// From here on this process is refused flock(2), as on a file system that knows no locks.
bool refuse_locks(int code) {
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_flock, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(code)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{4, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

class VolumeTest : public testing::Test {
  protected:
    VolumeTest() {
        std::string name = testing::TempDir() + "amba-volume-XXXXXX";
        directory_ = mkdtemp(name.data());
        paths_ = {directory_, directory_};
    }
    ~VolumeTest() override {
        [[maybe_unused]] const int code = std::system(("rm -rf " + directory_).c_str());
    }
    std::string directory_;
    volume::Paths paths_;
};

}  // namespace

TEST_F(VolumeTest, AFileIsReplacedAsAWholeAndReadableByAll) {
    const mode_t before = umask(0077);
    ASSERT_TRUE(files::write_file(paths_.config(), "one"));
    ASSERT_TRUE(files::write_file(paths_.config(), "two"));
    umask(before);
    const auto content = files::read_file(paths_.config());
    ASSERT_TRUE(content && *content);
    EXPECT_EQ((*content)->bytes, "two");
    struct stat info {};
    ASSERT_EQ(stat(paths_.config().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0644u);
    EXPECT_GT((*content)->mark.modified_ns, 0);
}

TEST_F(VolumeTest, WhatCannotBeWrittenSaysWhereAndWho) {
    const auto wrote = files::write_file(directory_ + "/nowhere/config.json", "x");
    ASSERT_FALSE(wrote);
    EXPECT_NE(wrote.error().reason.find("/nowhere/config.json"), std::string::npos);
    EXPECT_NE(wrote.error().reason.find("No such file"), std::string::npos);
}

TEST_F(VolumeTest, NoFileIsNoErrorAndADirectoryIs) {
    const auto none = files::read_file(paths_.config());
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    ASSERT_EQ(mkdir(paths_.config().c_str(), 0755), 0);
    const auto wrong = files::read_file(paths_.config());
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().reason.find("not a regular file"), std::string::npos);
}

TEST_F(VolumeTest, AFifoDoesNotHoldTheReader) {
    ASSERT_EQ(mkfifo(paths_.config().c_str(), 0644), 0);
    EXPECT_FALSE(files::read_file(paths_.config()));
}

TEST_F(VolumeTest, ActiveComesBackAsItWas) {
    volume::ActiveDocument active;
    active.table = *table::parse_words({"127.0.0.1:80", "www", "81", "weight=3"});
    active.generation = 7;
    active.revision = "abc";
    active.command_line = {"127.0.0.1:80", "a \"quoted\" word"};
    active.judged = "d1";
    ASSERT_TRUE(volume::write_active(paths_, active));
    const auto read = volume::read_active(paths_);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->table, active.table);
    EXPECT_EQ((*read)->generation, 7u);
    EXPECT_EQ((*read)->revision, "abc");
    EXPECT_EQ((*read)->command_line, active.command_line);
    EXPECT_EQ((*read)->judged, "d1");
    EXPECT_FALSE((*read)->without_digest);
}

TEST_F(VolumeTest, AnActiveOfAVersionWithoutDigestsIsRead) {
    ASSERT_TRUE(
        files::write_file(paths_.active(), R"({"revision": "r", "generation": 3, "frontends": [],
                             "command_line": ["127.0.0.1:80"]})"));
    const auto read = volume::read_active(paths_);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->generation, 3u);
    EXPECT_TRUE((*read)->without_digest);
    EXPECT_GT((*read)->modified_ns, 0);
}

TEST_F(VolumeTest, ADamagedActiveIsAnErrorNotATable) {
    for (const char* text :
         {"", "{", "[]", R"({"frontends": [)", R"({"command_line": 5})",
          R"({"frontends": [], "judged": 5})", R"({"frontends": [], "command_line": [5]})"}) {
        ASSERT_TRUE(files::write_file(paths_.active(), text));
        EXPECT_FALSE(volume::read_active(paths_)) << text;
    }
}

TEST_F(VolumeTest, WhatIsNestedDeeplyIsDamagedAndNoEnd) {
    constexpr int kDeep = 100'000;
    std::string arrays(kDeep, '[');
    arrays += std::string(kDeep, ']');
    std::string objects;
    for (int i = 0; i < kDeep; ++i)
        objects += "{\"a\":";
    objects += "1" + std::string(kDeep, '}');
    for (const std::string& deep : {arrays, objects}) {
        for (const char* key : {"x", "frontends", "command_line", "judged"}) {
            const std::string text = std::string("{\"") + key + "\": " + deep + "}";
            ASSERT_TRUE(files::write_file(paths_.active(), text));
            const auto read = volume::read_active(paths_);
            ASSERT_FALSE(read) << key;
            EXPECT_NE(read.error().reason.find("is damaged: 1:"), std::string::npos);
        }
        EXPECT_FALSE(volume::parse_verdict(deep));
        EXPECT_FALSE(
            volume::parse_verdict(R"({"revision": "r", "result": "applied", "generation": 1,
                                               "unresolved": )" +
                                  deep + "}"));
    }
}

TEST_F(VolumeTest, AVerdictComesBackAsItWas) {
    volume::Verdict verdict{"r", "d1", false, 3, "why \xff", {"a:1", "b:2"}, false, "now", "d", {}};
    const auto read = volume::parse_verdict(volume::to_json(verdict));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->revision, "r");
    EXPECT_EQ(read->digest, "d1");
    EXPECT_FALSE(read->applied);
    EXPECT_EQ(read->generation, 3u);
    EXPECT_EQ(read->unresolved, verdict.unresolved);
    EXPECT_FALSE(read->saved);
    EXPECT_EQ(read->daemon, "d");
    EXPECT_FALSE(volume::parse_verdict("{}"));
    EXPECT_FALSE(volume::parse_verdict(""));
}

TEST_F(VolumeTest, OneDaemonHoldsTheState) {
    std::string doubt;
    auto first = volume::lock_state(paths_, "daemon-one", doubt);
    ASSERT_TRUE(first);
    const auto second = volume::lock_state(paths_, "daemon-two", doubt);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().reason.find("daemon-one"), std::string::npos);
    *first = net::Descriptor();
    EXPECT_TRUE(volume::lock_state(paths_, "daemon-two", doubt));
}

TEST_F(VolumeTest, AFileSystemWithoutLocksIsNotInUse) {
    for (const int code : {ENOLCK, EOPNOTSUPP, ENOSYS}) {
        const pid_t child = fork();
        if (child == 0) {  // as a filter is for life
            if (!refuse_locks(code)) _exit(1);
            std::string doubt;
            const auto lock = volume::lock_state(paths_, "daemon-one", doubt);
            if (!lock || doubt.find(std::strerror(code)) == std::string::npos) _exit(2);
            const auto writers = volume::lock_writers(paths_, 1);
            _exit(writers ? 0 : 3);
        }
        int status = 0;
        ASSERT_EQ(waitpid(child, &status, 0), child);
        EXPECT_EQ(WEXITSTATUS(status), 0) << std::strerror(code);
    }
}

TEST_F(VolumeTest, WritersWaitForEachOther) {
    auto first = volume::lock_writers(paths_, 1);
    ASSERT_TRUE(first);
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        *first = net::Descriptor();
    });
    EXPECT_TRUE(volume::lock_writers(paths_, 5));
    later.join();
    const auto held = volume::lock_writers(paths_, 1);
    ASSERT_TRUE(held);
    EXPECT_FALSE(volume::lock_writers(paths_, 0));
}
