#include "docker/lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

using namespace amba::docker;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

std::vector<std::string> lines_of(const std::string& bytes, std::size_t piece, std::string& rest) {
    std::vector<std::string> out;
    Lines lines;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
        lines.feed(bytes.substr(at, piece), [&](std::string_view line) { out.emplace_back(line); });
    rest = lines.rest();
    return out;
}

}  // namespace

TEST(Lines, CutAnywhere) {
    for (std::size_t piece = 1; piece < 30; ++piece) {
        std::string rest;
        EXPECT_THAT(lines_of("{\"a\":1}\n{\"b\":2}\r\n\n\r\n{}\n{\"c\"", piece, rest),
                    ElementsAre("{\"a\":1}", "{\"b\":2}", "{}"))
            << "in pieces of " << piece;
        EXPECT_EQ(rest, "{\"c\"");
    }
}

TEST(Lines, NothingComesBeforeItsEnd) {
    std::string rest;
    EXPECT_THAT(lines_of("{\"a\":1}", 3, rest), IsEmpty());
    EXPECT_EQ(rest, "{\"a\":1}");
    EXPECT_THAT(lines_of("", 1, rest), IsEmpty());
    EXPECT_EQ(rest, "");
}
