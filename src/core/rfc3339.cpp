// Days to dates and back without a locale or a time zone.
#include "amba/core/rfc3339.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace amba::core {

namespace {

// `digits` of them at `at`; negative when they are something else.
int digits_at(std::string_view text, std::size_t at, std::size_t digits) {
    if (text.size() < at + digits) return -1;
    int value = 0;
    for (const char c : text.substr(at, digits)) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

// "Z", "+01:00": minutes before UTC.
std::optional<int> parse_offset(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return {};
    const int hours = digits_at(text, 1, 2);
    const int minutes = digits_at(text, 4, 2);
    if (hours < 0 || minutes < 0) return {};
    return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

std::string rfc3339(std::int64_t us) {
    constexpr std::int64_t kSecond = 1'000'000;
    const std::int64_t part = ((us % kSecond) + kSecond) % kSecond;
    const auto seconds = static_cast<std::time_t>((us - part) / kSecond);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char day[32];
    char all[48];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(all, sizeof all, "%s.%03dZ", day, static_cast<int>(part / 1000));
    return all;
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text) {
    const int year = digits_at(text, 0, 4);
    const int month = digits_at(text, 5, 2);
    const int day = digits_at(text, 8, 2);
    const int hour = digits_at(text, 11, 2);
    const int minute = digits_at(text, 14, 2);
    const int second = digits_at(text, 17, 2);
    if (std::min({year, month, day, hour, minute, second}) < 0) return {};
    const char between[] = {text[4], text[7], text[10], text[13], text[16], '\0'};
    if (std::string_view(between) != "--T::" && std::string_view(between) != "-- ::") return {};
    std::size_t at = 19;
    int micros = 0;
    if (at < text.size() && text[at] == '.') {
        for (int scale = 100'000; digits_at(text, ++at, 1) >= 0; scale /= 10)
            micros += digits_at(text, at, 1) * scale;
    }
    const auto offset = parse_offset(text.substr(std::min(at, text.size())));
    if (!offset) return {};
    namespace chrono = std::chrono;
    const chrono::year_month_day date{chrono::year(year),
                                      chrono::month(static_cast<unsigned>(month)),
                                      chrono::day(static_cast<unsigned>(day))};
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return {};
    const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
    return (((days * 24 + hour) * 60 + minute - *offset) * 60 + second) * 1'000'000 + micros;
}

}  // namespace amba::core
