// Every file of tests/config against the parser. check_schema.py beside them holds the schema
// against the same files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "amba/table/json.hpp"

using namespace amba::table;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> files(const char* kind, std::size_t least) {
    std::vector<fs::path> out;
    for (const auto& entry :
         fs::directory_iterator(fs::path(AMBA_SOURCE_DIR "/tests/config") / kind)) {
        if (entry.path().extension() == ".json") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    EXPECT_GE(out.size(), least) << kind;
    return out;
}

void expect_rejected(const char* kind, std::size_t least) {
    for (const fs::path& path : files(kind, least)) {
        std::string expected = contents(fs::path(path).replace_extension(".expected"));
        ASSERT_TRUE(expected.ends_with("\n")) << path;
        expected.pop_back();
        const auto document = parse_json(contents(path));
        ASSERT_FALSE(document) << path << " is accepted; expected " << expected;
        EXPECT_THAT(document.error().to_string(), testing::StartsWith(expected)) << path;
    }
}

}  // namespace

TEST(ConfigFiles, GoodAreAcceptedAndSurviveARoundTrip) {
    for (const fs::path& path : files("good", 20)) {
        const auto document = parse_json(contents(path));
        ASSERT_TRUE(document) << path << ": " << document.error().to_string();
        const auto again = parse_json(to_json(document->table));
        ASSERT_TRUE(again) << path << ": " << again.error().to_string();
        EXPECT_EQ(again->table, document->table) << path;
    }
}

TEST(ConfigFiles, BadAreRejected) {
    expect_rejected("bad", 40);
}
TEST(ConfigFiles, BrokenRulesAreRejected) {
    expect_rejected("rules", 20);
}
TEST(ConfigFiles, TornAreRejected) {
    expect_rejected("torn", 15);
}
