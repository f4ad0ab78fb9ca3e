#include "table/locate.hpp"

#include <gtest/gtest.h>

using namespace amba::table;

namespace {

// The text from where `pointer` leads.
std::string_view found(std::string_view text, std::string_view pointer, bool at_key = false) {
    return text.substr(locate(text, pointer, at_key));
}

}  // namespace

TEST(PositionOf, CountsLinesAndBytesFromOne) {
    const std::string_view text = "ab\nc\r\n\n\xC3\xA9x";
    const struct {
        std::size_t offset, line, column;
    } cases[] = {{0, 1, 1}, {1, 1, 2}, {2, 1, 3}, {3, 2, 1},  {5, 2, 3},
                 {6, 3, 1}, {7, 4, 1}, {9, 4, 3}, {10, 4, 4}, {99, 4, 4}};
    for (const auto& c : cases) {
        const Position position = position_of(text, c.offset);
        EXPECT_EQ(position.line, c.line) << c.offset;
        EXPECT_EQ(position.column, c.column) << c.offset;
    }
    EXPECT_EQ(position_of("", 0).line, 1u);
    EXPECT_EQ(position_of("", 0).column, 1u);
}

TEST(Locate, ValuesAndKeys) {
    const std::string_view text =
        " {\"a\" : [ 1, [true,\t{\"b\": null}], \"x,]}\\\"\", {} , -1.5e3], \"c\":{\"d\" "
        ":\r\n\"e\"}} ";
    const struct {
        const char* pointer;
        const char* value;
        const char* key;  // equal to value where there is none
    } cases[] = {
        {"", "{\"a\"", "{\"a\""},
        {"/a", "[ 1,", "\"a\" :"},
        {"/a/0", "1, [", "1, ["},
        {"/a/1", "[true", "[true"},
        {"/a/1/0", "true", "true"},
        {"/a/1/1", "{\"b\"", "{\"b\""},
        {"/a/1/1/b", "null", "\"b\": null"},
        {"/a/2", "\"x,]}", "\"x,]}"},
        {"/a/3", "{} ,", "{} ,"},
        {"/a/4", "-1.5e3", "-1.5e3"},
        {"/c", "{\"d\"", "\"c\":"},
        {"/c/d", "\"e\"", "\"d\" :"},
    };
    for (const auto& c : cases) {
        EXPECT_TRUE(found(text, c.pointer).starts_with(c.value))
            << c.pointer << ": " << found(text, c.pointer);
        EXPECT_TRUE(found(text, c.pointer, true).starts_with(c.key))
            << c.pointer << ": " << found(text, c.pointer, true);
    }
}

TEST(Locate, EscapedKeys) {
    const std::string_view text =
        R"({"a/b": 1, "m~n": 2, "": 3, "q\"}": 4, "\u00e9": 5, "~1": 6, "t\\": 7})";
    const std::pair<const char*, char> cases[] = {{"/a~1b", '1'},    {"/m~0n", '2'}, {"/", '3'},
                                                  {"/q\"}", '4'},    {"/~01", '6'},  {"/t\\", '7'},
                                                  {"/\xC3\xA9", '5'}};
    for (const auto& [pointer, value] : cases)
        EXPECT_EQ(found(text, pointer)[0], value) << pointer;
}

TEST(Locate, OfKeysGivenTwiceTheLastCounts) {
    const std::string_view text = R"({"a": 1, "b": 2, "\u0061": 3})";
    EXPECT_EQ(found(text, "/a")[0], '3');
    EXPECT_TRUE(found(text, "/a", true).starts_with("\"\\u0061\""));
}

TEST(Locate, MissingPartsLeadToTheInnermostThatExists) {
    const std::string_view text = R"({"a": [10, {"b": 2}]})";
    EXPECT_TRUE(found(text, "/x").starts_with("{\"a\""));
    EXPECT_TRUE(found(text, "/a/2").starts_with("[10"));
    EXPECT_TRUE(found(text, "/a/99").starts_with("[10"));
    EXPECT_TRUE(found(text, "/a/1/x").starts_with("{\"b\""));
    EXPECT_TRUE(found(text, "/a/1/x", true).starts_with("{\"b\""));
    EXPECT_TRUE(found(text, "/a/0/x").starts_with("10"));
    EXPECT_TRUE(found(R"({"a": []})", "/a/0").starts_with("[]"));
}

TEST(Locate, ByteOrderMark) {
    EXPECT_EQ(locate("\xEF\xBB\xBF{\"a\": 1}", ""), 3u);
    EXPECT_EQ(locate("\xEF\xBB\xBF {\"a\": 1}", "/a"), 10u);
}

TEST(Locate, TextThatIsNotJsonEndsTheWalk) {
    for (const std::string_view text :
         {"", "{", "[", "{\"a", "{\"a\"", "{\"a\":", "{\"a\\", "}", "]]", "{\"a\": }}", "[[[[",
          "{\"a\": [1, 2", "[1}, 2", ":,:,"}) {
        for (const char* pointer : {"", "/a", "/0", "/1", "/a/1", "/0/0/0/0/0"}) {
            EXPECT_LE(locate(text, pointer), text.size()) << text << " " << pointer;
            EXPECT_LE(locate(text, pointer, true), text.size()) << text << " " << pointer;
        }
    }
}
