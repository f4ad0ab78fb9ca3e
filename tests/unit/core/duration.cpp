#include "amba/core/duration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

using amba::core::Duration;
using amba::core::parse_duration;
using amba::core::to_string;
using testing::HasSubstr;

TEST(Duration, IsANumberAndAUnit) {
    const struct {
        const char* text;
        std::int64_t milliseconds;
        const char* printed;
    } cases[] = {
        {"0ms", 0, "0s"},
        {"0s", 0, "0s"},
        {"1ms", 1, "1ms"},
        {"250ms", 250, "250ms"},
        {"1000ms", 1'000, "1s"},
        {"1500ms", 1'500, "1500ms"},
        {"5s", 5'000, "5s"},
        {"005s", 5'000, "5s"},
        {"60s", 60'000, "1m"},
        {"90s", 90'000, "90s"},
        {"2m", 120'000, "2m"},
        {"60m", 3'600'000, "1h"},
        {"90m", 5'400'000, "90m"},
        {"1000h", 3'600'000'000, "1000h"},
        {"3600000000ms", 3'600'000'000, "1000h"},
    };
    for (const auto& c : cases) {
        const auto parsed = parse_duration(c.text);
        ASSERT_TRUE(parsed) << c.text;
        EXPECT_EQ(parsed->count(), c.milliseconds) << c.text;
        EXPECT_EQ(to_string(*parsed), c.printed) << c.text;
    }
}

TEST(Duration, ErrorQuotesTheWordAndSaysWhatWasExpected) {
    const struct {
        const char* text;
        const char* reason;
    } cases[] = {
        {"", "is not a duration"},
        {"s", "is not a duration"},
        {"5", "has no unit"},
        {"-5s", "is not a duration"},
        {"+5s", "is not a duration"},
        {" 5s", "is not a duration"},
        {"5 s", "is not a duration"},
        {"5s ", "is not a duration"},
        {"1.5s", "is not a duration"},
        {"5S", "is not a duration"},
        {"5d", "is not a duration"},
        {"5us", "is not a duration"},
        {"5ss", "is not a duration"},
        {"1m30s", "is not a duration"},
        {"1001h", "is longer than 1000h"},
        {"60001m", "is longer than 1000h"},
        {"9223372036854775807ms", "is longer than 1000h"},
        {"9223372036854775807h", "is longer than 1000h"},
        {"9223372036854775808ms", "is out of range"},
    };
    for (const auto& c : cases) {
        const auto parsed = parse_duration(c.text);
        ASSERT_FALSE(parsed) << c.text;
        EXPECT_EQ(parsed.error().reason,
                  "\"" + std::string(c.text) + "\" " + c.reason +
                      "; expected a whole number and a unit (ms, s, m or h), such as 250ms or 5s");
    }
}

TEST(Duration, PrintedFormIsReadBack) {
    std::mt19937 random(1);
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t unit = std::array{1, 1'000, 60'000, 3'600'000}[random() % 4];
        const Duration duration(static_cast<std::int64_t>(random() % 1000) * unit);
        const auto parsed = parse_duration(to_string(duration));
        ASSERT_TRUE(parsed) << to_string(duration);
        EXPECT_EQ(*parsed, duration);
    }
}
