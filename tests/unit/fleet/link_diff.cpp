#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "amba/fleet/link.hpp"
#include "tests/unit/fleet/link_samples.hpp"

using namespace amba::fleet;
namespace fs = std::filesystem;

namespace {

std::string numbers(int from, int to) {
    std::string text;
    for (int i = from; i <= to; ++i)
        text += std::to_string(i) + "\n";
    return text;
}

std::string diff(const std::string& before, const std::string& after) {
    return unified_diff(before, after, "a", "b");
}

// The directory is removed with it.
class Patch {
  public:
    Patch() {
        std::string name = (fs::temp_directory_path() / "amba-diff-XXXXXX").string();
        directory_ = ::mkdtemp(name.data());
    }
    ~Patch() {
        std::error_code ignored;
        fs::remove_all(directory_, ignored);
    }

    std::string applied(const std::string& before, const std::string& difference) const {
        std::ofstream(directory_ / "file", std::ios::binary) << before;
        std::ofstream(directory_ / "diff", std::ios::binary) << difference;
        const std::string in = "'" + directory_.string() + "/";
        const std::string command =
            "patch --binary --fuzz=0 -s -r - -o " + in + "out' " + in + "file' " + in + "diff'";
        if (std::system(command.c_str()) != 0) return "patch failed";
        std::ifstream out(directory_ / "out", std::ios::binary);
        return {std::istreambuf_iterator<char>(out), {}};
    }

  private:
    fs::path directory_;
};

}  // namespace

TEST(LinkDiff, IsAsDiffWritesIt) {
    EXPECT_EQ(diff("a\n", "a\n"), "");
    EXPECT_EQ(diff("", "a\n"), "--- a\n+++ b\n@@ -0,0 +1 @@\n+a\n");
    EXPECT_EQ(diff("a\nb\n", ""), "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-a\n-b\n");
    EXPECT_EQ(diff("a\nb\nc\n", "a\nx\nc\n"), "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    EXPECT_EQ(diff("a", "a\n"),
              "--- a\n+++ b\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    EXPECT_EQ(diff("x\na", "y\na"),
              "--- a\n+++ b\n@@ -1,2 +1,2 @@\n-x\n+y\n a\n\\ No newline at end of file\n");
    EXPECT_EQ(diff(numbers(1, 9), numbers(1, 4) + "new\n" + numbers(5, 9)),
              "--- a\n+++ b\n@@ -2,6 +2,7 @@\n 2\n 3\n 4\n+new\n 5\n 6\n 7\n");
}

TEST(LinkDiff, HunksMeetWhereTheirContextDoes) {
    // Six lines between two changes are the context of both; seven are not.
    const auto changed = [](int between) {
        return diff("x\n" + numbers(1, between) + "x\n", "y\n" + numbers(1, between) + "y\n");
    };
    EXPECT_EQ(changed(6),
              "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-x\n+y\n 1\n 2\n 3\n 4\n 5\n 6\n-x\n+y\n");
    EXPECT_EQ(changed(7),
              "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-x\n+y\n 1\n 2\n 3\n"
              "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-x\n+y\n");
}

TEST(LinkDiff, IsTheShortest) {
    // The example of Myers' paper: ABCABBA to CBABAC takes five lines.
    const std::string text = diff("A\nB\nC\nA\nB\nB\nA\n", "C\nB\nA\nB\nA\nC\n");
    std::size_t changes = 0;
    for (std::size_t at = text.find("@@\n"); at != std::string::npos; at = text.find('\n', at + 1))
        changes += at + 1 < text.size() && (text[at + 1] == '-' || text[at + 1] == '+');
    EXPECT_EQ(changes, 5u) << text;
}

TEST(LinkDiff, IsWhatPatchTakes) {
    const Patch patch;
    for (const LinkSample& sample : all_link_samples()) {
        if (sample.in == sample.out) continue;
        EXPECT_EQ(patch.applied(sample.in, diff(sample.in, sample.out)), sample.out) << sample.name;
    }
    std::mt19937 random(7);
    const auto text = [&] {
        std::string out;
        for (std::size_t i = random() % 40; i > 0; --i)
            out += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
        if (!out.empty() && random() % 4 == 0) out.pop_back();
        return out;
    };
    for (int i = 0; i < 150; ++i) {
        const std::string before = text();
        const std::string after = text();
        if (before == after) continue;
        EXPECT_EQ(patch.applied(before, diff(before, after)), after) << before << "to\n" << after;
    }
}

TEST(LinkDiff, OfTextsWithoutALineInCommonEnds) {
    std::string before;
    std::string after;
    for (int i = 0; i < 5000; ++i) {
        before += "a" + std::to_string(i) + "\n";
        after += "b" + std::to_string(i) + "\n";
    }
    const std::string text = diff(before, after);
    EXPECT_THAT(text, testing::StartsWith("--- a\n+++ b\n@@ -1,5000 +1,5000 @@\n-a0\n-a1\n"));
    EXPECT_THAT(text, testing::EndsWith("+b4999\n"));
}
