#include "amba/core/text.hpp"

#include <gtest/gtest.h>

using namespace amba::core;

namespace {

std::string utf8(std::uint32_t code) {
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) {
        return {static_cast<char>(0xc0 | code >> 6), static_cast<char>(0x80 | (code & 0x3f))};
    }
    return {static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
            static_cast<char>(0x80 | (code & 0x3f))};
}

}  // namespace

TEST(Printable, KeepsNothingThatDrivesATerminal) {
    for (const std::uint32_t code :
         {0x00u, 0x07u, 0x1bu, 0x7fu, 0x80u, 0x9bu, 0x9fu, 0x61cu, 0x200eu, 0x200fu, 0x2028u,
          0x2029u, 0x202au, 0x202eu, 0x2066u, 0x2069u}) {
        const std::string one = utf8(code);
        EXPECT_TRUE(drives_a_terminal(code)) << code;
        EXPECT_EQ(decode(one).code, code);
        for (const std::string& shown : {printable("a" + one + "b"), printable_lines(one)}) {
            EXPECT_EQ(shown.find(one), std::string::npos) << code;
            EXPECT_NE(shown.find("\\x"), std::string::npos) << code;
        }
        EXPECT_EQ(printable_json("\"" + one + "\"").size(), 8u) << code;
    }
}

TEST(Printable, KeepsWhatPeopleWrite) {
    for (const char* text : {"redis-1", "caf\xc3\xa9", "\xe6\x97\xa5\xe6\x9c\xac",
                             "\xf0\x9f\x90\x99", "\xc2\xa0", "\xe2\x80\x94"}) {
        EXPECT_EQ(printable(text), text);
        EXPECT_EQ(printable_json(text), text);
    }
    EXPECT_EQ(printable("a\nb"), "a\\x0ab");
    EXPECT_EQ(printable_lines("a\nb"), "a\nb");
    EXPECT_EQ(printable_json("{\n\t\"a\": 1\r\n}"), "{\n\t\"a\": 1\r\n}");
    EXPECT_EQ(printable_json("\"\xff\""), "\"\\ufffd\"");
    EXPECT_EQ(printable(""), "");
}
