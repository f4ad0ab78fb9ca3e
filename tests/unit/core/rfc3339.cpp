#include "amba/core/rfc3339.hpp"

#include <gtest/gtest.h>

using amba::core::parse_rfc3339;
using amba::core::rfc3339;

TEST(Rfc3339, IsWrittenAndRead) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), 0);
    EXPECT_EQ(parse_rfc3339("1970-01-02T00:00:01.250Z"), 86'401'250'000);
    EXPECT_EQ(parse_rfc3339("1970-01-01T01:30:00+01:30"), 0);
    EXPECT_EQ(parse_rfc3339("1969-12-31T23:00:00-01:00"), 0);
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.123456789Z"), 123'456);
    for (const char* time : {"2026-11-22T07:30:00.123Z", "2024-02-29T23:59:59.000Z"})
        EXPECT_EQ(rfc3339(parse_rfc3339(time).value()), time);
}

TEST(Rfc3339, IsNotGuessed) {
    for (const char* wrong :
         {"", "1970", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z",
          "1970-01-01T24:00:00Z", "x970-01-01T00:00:00Z", "1970/01/01T00:00:00Z",
          "1970-01-01T00:00:00.5", "1970-01-01T00:00:00+1:00", "1970-01-01T00:00:00+01:00x"}) {
        EXPECT_FALSE(parse_rfc3339(wrong)) << wrong;
    }
}
