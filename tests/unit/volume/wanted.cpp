// When config.json is news, and how much of it is read to find out.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "amba/files/digest.hpp"
#include "amba/volume/volume.hpp"

using namespace amba;
using volume::ConfigNews;

namespace {

class WantedTable : public testing::Test {
  protected:
    WantedTable() {
        std::string name = testing::TempDir() + "amba-wanted-XXXXXX";
        directory_ = mkdtemp(name.data());
        paths_ = {directory_, directory_};
    }
    ~WantedTable() override {
        [[maybe_unused]] const int code = std::system(("rm -rf " + directory_).c_str());
    }
    // Replaces the file, as a tool does that writes another one and renames it.
    void write(const std::string& text) { ASSERT_TRUE(files::write_file(paths_.config(), text)); }
    // Times of the file, `seconds` from now.
    void date(long seconds) {
        const timespec at{time(nullptr) + seconds, 0};
        const timespec times[2] = {at, at};
        ASSERT_EQ(utimensat(AT_FDCWD, paths_.config().c_str(), times, 0), 0);
    }
    ConfigNews look(bool rewritten = false) {
        look_ = volume::look_at_config(paths_, seen_, rewritten);
        seen_ = look_.seen;
        return look_.news;
    }
    std::string directory_;
    volume::Paths paths_;
    volume::ConfigState seen_;
    volume::ConfigLook look_;
};

constexpr const char* kGood = R"({"revision": "r1", "frontends": [{"bind": "127.0.0.1:80"}]})";
constexpr const char* kEdited = R"({"revision": "r1", "frontends": [{"bind": "127.0.0.1:81"}]})";

}  // namespace

TEST_F(WantedTable, IsNoneWithoutAFile) {
    EXPECT_EQ(look(), ConfigNews::kNone);
}

TEST_F(WantedTable, WithoutARevisionIsNamedByItsBytes) {
    const std::string text = R"({"frontends": [{"bind": "127.0.0.1:80"}]})";
    write(text);
    ASSERT_EQ(look(), ConfigNews::kChanged);
    ASSERT_TRUE(look_.wanted.table);
    EXPECT_EQ(look_.wanted.revision, files::hex(files::sha256(text)));
    EXPECT_EQ(look_.seen.digest, files::hex(files::sha256(text)));
}

TEST_F(WantedTable, IsNamedByItsRevisionWhenItIsRejectedToo) {
    write(R"({"revision": "r1", "frontends": 5})");
    ASSERT_EQ(look(), ConfigNews::kChanged);
    EXPECT_FALSE(look_.wanted.table);
    EXPECT_EQ(look_.wanted.revision, "r1");
    EXPECT_NE(look_.wanted.reason.find("config.json:1:33: /frontends: "), std::string::npos)
        << look_.wanted.reason;
}

TEST_F(WantedTable, IsNotNamedByARevisionThatIsNoLabel) {
    const std::string text = R"({"revision": ")" + std::string(200, 'r') + R"(", "frontends": []})";
    write(text);
    ASSERT_EQ(look(), ConfigNews::kChanged);
    EXPECT_EQ(look_.wanted.revision, files::hex(files::sha256(text)));
}

TEST_F(WantedTable, IsAnotherWhenItsBytesAreAndItsRevisionIsNot) {
    write(kGood);
    EXPECT_EQ(look(), ConfigNews::kChanged);
    write(kEdited);
    EXPECT_EQ(look(), ConfigNews::kChanged);
    EXPECT_EQ(look_.wanted.revision, "r1");
    write(kGood);
    EXPECT_EQ(look(), ConfigNews::kChanged) << "judged before, and here again";
}

TEST_F(WantedTable, IsTheSameWhateverItsTimesSay) {
    write(kGood);
    look();
    for (const long seconds : {-1000L, 0L, 1000L}) {
        date(seconds);
        EXPECT_EQ(look(), ConfigNews::kSame) << seconds;
    }
    write(kGood);
    EXPECT_EQ(look(), ConfigNews::kSame) << "another inode";
}

TEST_F(WantedTable, IsAnotherWhateverItsTimesSay) {
    write(kGood);
    date(-1000);
    look();
    write(kEdited);  // of the same length
    date(-1000);
    EXPECT_EQ(look(), ConfigNews::kChanged);
    write(kGood);
    const timespec epoch[2] = {{0, 0}, {0, 0}};
    ASSERT_EQ(utimensat(AT_FDCWD, paths_.config().c_str(), epoch, 0), 0);
    EXPECT_EQ(look(), ConfigNews::kChanged);
}

TEST_F(WantedTable, IsNotReadWhereItsMarkIsThatOfASettledOne) {
    write(kGood);
    look();
    EXPECT_FALSE(seen_.settled) << "just written: its times may stand still for a second change";
    // With the digest of something else, a look that reads would find another file.
    seen_.settled = true;
    seen_.digest = "another";
    seen_.quick = 1;
    EXPECT_EQ(look(), ConfigNews::kSame);
}

TEST_F(WantedTable, WrittenAnewWithTheSameBytesIsNewsToWhoAsksForIt) {
    write(kGood);
    look();
    EXPECT_EQ(look(true), ConfigNews::kSame);
    write(kGood);
    EXPECT_EQ(look(true), ConfigNews::kChanged);
}

TEST_F(WantedTable, OfManyPartsIsComparedToTheLastByte) {
    for (const std::size_t size : {65535u, 65536u, 65537u, 300'000u}) {
        std::string text = kGood + std::string(size - std::string(kGood).size(), ' ');
        write(text);
        EXPECT_EQ(look(), ConfigNews::kChanged);
        date(1000);
        EXPECT_EQ(look(), ConfigNews::kSame);
        text.back() = '\n';
        write(text);
        EXPECT_EQ(look(), ConfigNews::kChanged) << size;
    }
}

TEST_F(WantedTable, IsComparedByTheDigestThatAnotherProcessRemembers) {
    write(kGood);
    seen_.digest = files::hex(files::sha256(kGood));
    EXPECT_EQ(look(), ConfigNews::kSame);
    seen_ = {};
    seen_.digest = files::hex(files::sha256(kEdited));
    EXPECT_EQ(look(), ConfigNews::kChanged);
}

TEST_F(WantedTable, ThatCannotBeReadIsNewsOnce) {
    ASSERT_EQ(mkdir(paths_.config().c_str(), 0755), 0);
    EXPECT_EQ(look(), ConfigNews::kChanged);
    EXPECT_NE(look_.wanted.reason.find("not a regular file"), std::string::npos);
    EXPECT_EQ(look(), ConfigNews::kSame);
}
