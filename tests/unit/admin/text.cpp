#include "admin/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/text_table.hpp"

using namespace amba::admin;
using testing::ElementsAre;

TEST(Printable, ReplacesWhatDrivesATerminal) {
    const struct {
        std::string text;
        const char* expected;
    } cases[] = {
        {"redis-1", "redis-1"},
        {"", ""},
        {"a\x1b[2Jb", "a?[2Jb"},
        {"a\nb\tc\rd", "a?b?c?d"},
        {std::string("a\0b", 3), "a?b"},
        {"a\x7f", "a?"},
        {"\xc2\x9b"
         "2J",
         "?2J"},  // CSI as C1
        {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"},
        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
        {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
        {"\xe2\x80\xae"
         "abc",
         "?abc"},  // written from right to left
        {"\xe2\x81\xa6"
         "a",
         "?a"},
        {"\x9b"
         "1m",
         "?1m"},  // bytes that are not UTF-8
        {"\xff\xfe", "??"},
        {"\xc3", "?"},
        {"\xe6\x97", "??"},
        {"\xc0\x9b", "??"},  // longer than need be
        {"\xe0\x80\x9b", "???"},
        {"\xed\xa0\x80", "???"},  // a surrogate
        {"\xf4\x90\x80\x80", "????"},
    };
    for (const auto& c : cases)
        EXPECT_EQ(printable(c.text), c.expected) << testing::PrintToString(c.text);
}

TEST(Width, CountsCodePoints) {
    EXPECT_EQ(width(std::string_view("")), 0u);
    EXPECT_EQ(width(std::string_view("abc")), 3u);
    EXPECT_EQ(width(std::string_view("日本語")), 3u);
    EXPECT_EQ(cut("日本語", 2), "日本");
    EXPECT_EQ(cut("日本語", 0), "");
    EXPECT_EQ(cut("abc", 9), "abc");
    EXPECT_EQ(clip("日本語", 3, true), "日本語");
    EXPECT_EQ(clip("日本語x", 3, true), "日本…");
    EXPECT_EQ(clip("abcd", 3, false), "ab~");
    EXPECT_EQ(clip("abcd", 1, false), "~");
    EXPECT_EQ(clip("abcd", 0, false), "");
}

TEST(Paint, CutsAndColours) {
    const Line line{{"ab", Tone::kBad}, {"cd"}, {"ef", Tone::kGood}};
    EXPECT_EQ(paint(line, kAnyWidth, false), "abcdef");
    EXPECT_EQ(paint(line, 3, false), "abc");
    EXPECT_EQ(paint(line, 0, true), "");
    EXPECT_EQ(paint(line, 1, true), "\x1b[31ma\x1b[0m");
    EXPECT_EQ(paint(line, 5, true), "\x1b[31mab\x1b[0mcd\x1b[32me\x1b[0m");
}

TEST(Numbers, AreShort) {
    const struct {
        double bytes;
        const char* expected;
    } sizes[] = {{0, "0 B"},          {999, "999 B"},         {1000, "1.0 kB"},
                 {1234, "1.2 kB"},    {9949, "9.9 kB"},       {9950, "10 kB"},
                 {999'400, "999 kB"}, {999'600, "1.0 MB"},    {1'200'000, "1.2 MB"},
                 {5e9, "5.0 GB"},     {1.8446744e19, "18 EB"}};
    for (const auto& c : sizes)
        EXPECT_EQ(bytes_words(c.bytes), c.expected) << c.bytes;
    const struct {
        double rate;
        const char* expected;
    } rates[] = {{0, "0"},      {0.01, "<0.1"}, {0.3, "0.3"},
                 {9.94, "9.9"}, {12.4, "12"},   {123456, "123456"}};
    for (const auto& c : rates)
        EXPECT_EQ(rate_words(c.rate), c.expected) << c.rate;
    const struct {
        std::int64_t seconds;
        const char* expected;
    } ages[] = {{-5, "0s"},    {0, "0s"},      {59, "59s"},     {60, "1m"},
                {3599, "59m"}, {14'400, "4h"}, {172'800, "2d"}, {86'399, "23h"}};
    for (const auto& c : ages)
        EXPECT_EQ(age_words(std::chrono::seconds(c.seconds)), c.expected) << c.seconds;
}

TEST(Time, IsReadByPeople) {
    EXPECT_EQ(time_words(1), "1970-01-01 00:00:00");
    EXPECT_EQ(time_words(-1), "1969-12-31 23:59:59");
}

TEST(Sparkline, ShowsEachAgainstTheGreatest) {
    EXPECT_EQ(sparkline({}, true), "");
    EXPECT_EQ(sparkline(std::vector<float>{0, 0}, true), "▁▁");
    EXPECT_EQ(sparkline(std::vector<float>{0, 1, 50, 100}, true), "▁▂▅█");
    EXPECT_EQ(sparkline(std::vector<float>{-1, 3}, true), " █");
    EXPECT_EQ(sparkline(std::vector<float>{-1, -1}, true), "  ");
    EXPECT_EQ(sparkline(std::vector<float>{0, 1, 50, 100, -1}, false), "_.=# ");
    const std::string all =
        sparkline(std::vector<float>{0, 1e-30F, 3e38F, std::nanf(""), HUGE_VALF}, false);
    EXPECT_EQ(all.size(), 5u);
}

TEST(TextTable, AlignsAndLeavesOutWhatDoesNotFit) {
    TextTable table;
    table.columns = {{.title = "NAME", .left = true},
                     {.title = "LESS", .drop = 2},
                     {.title = "NONE"},
                     {.title = "MORE", .drop = 1},
                     {.title = "WHY", .left = true, .flows = true}};
    table.rows = {{{"a"}, {"1"}, {}, {"22222"}, {}},
                  {{"日本語日本"}, {"1"}, {}, {"3"}, {"a long story"}}};
    const auto shown = [&](std::size_t most) {
        std::vector<std::string> lines;
        for (const Line& line : lay_out(table, most).lines)
            lines.push_back(paint(line, kAnyWidth, false));
        return lines;
    };
    EXPECT_THAT(shown(kAnyWidth), ElementsAre("NAME   LESS   MORE  WHY",  //
                                              "a         1  22222",       //
                                              "日本語日本     1      3  a long story"));
    EXPECT_EQ(shown(23), shown(kAnyWidth));
    EXPECT_THAT(shown(22), ElementsAre("NAME    MORE  WHY",  //
                                       "a      22222",       //
                                       "日本語日本      3  a long story"));
    EXPECT_THAT(lay_out(table, 22).dropped, ElementsAre("LESS"));
    EXPECT_THAT(lay_out(table, 1).dropped, ElementsAre("LESS", "MORE"));
}
