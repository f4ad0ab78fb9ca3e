#include "amba/core/result.hpp"

#include <gtest/gtest.h>

#include <cerrno>

using namespace amba::core;

TEST(Result, HoldsAValueOrAnError) {
    const Result<std::string> good = std::string("text");
    EXPECT_TRUE(good);
    EXPECT_EQ(*good, "text");
    const Result<std::string> bad = error("wrong");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().reason, "wrong");
    EXPECT_THROW(bad.value(), std::logic_error);
}

TEST(Error, OfTheSystemNamesTheCode) {
    EXPECT_EQ(os_error("/run/amba", EACCES).reason, "/run/amba: Permission denied");
}

TEST(Error, TextFromOutsideStaysOnOneLine) {
    using namespace std::string_view_literals;
    EXPECT_EQ(one_line("redis 1"), "redis 1");
    EXPECT_EQ(one_line("a\nb\r\tc\x1b[1m\x7f\0d"sv), R"(a\x0ab\x0d\x09c\x1b[1m\x7f\x00d)");
    EXPECT_EQ(one_line("\xc3\xa9"), "\xc3\xa9");
    EXPECT_EQ(quote("a\nb"), R"("a\x0ab")");
    EXPECT_EQ(quote(""), "\"\"");
}

TEST(Error, TextFromOutsideIsCut) {
    EXPECT_EQ(one_line(std::string(253, 'a')), std::string(253, 'a'));
    const std::string cut = one_line(std::string(1 << 20, 'a'));
    EXPECT_TRUE(cut.ends_with("a..."));
    EXPECT_LT(cut.size(), 400u);
    std::string accents = "x";
    for (int i = 0; i < 400; ++i)
        accents += "\xc3\xa9";
    EXPECT_TRUE(one_line(accents).ends_with("\xc3\xa9...")) << "cut inside a character";
}

TEST(Error, TextFromOutsideDrivesNoTerminal) {
    EXPECT_EQ(one_line("a\xc2\x9b"
                       "1mb"),
              R"(a\xc2\x9b1mb)")
        << "C1: CSI in one character";
    EXPECT_EQ(one_line("a\xe2\x80\xae"
                       "b"),
              R"(a\xe2\x80\xaeb)")
        << "an override of direction";
    EXPECT_EQ(one_line("a\xff"), R"(a\xff)");
}
