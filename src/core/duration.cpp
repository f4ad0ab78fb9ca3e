// Durations, read and written.
#include "amba/core/duration.hpp"

#include <charconv>
#include <cstdint>

namespace amba::core {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
};
constexpr Unit kUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr std::int64_t kLongest = 1000 * 3'600'000LL;

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
    const auto wrong = [&](std::string_view what) {
        return error(quote(text) + " " + std::string(what) +
                     "; expected a whole number and a unit (ms, s, m or h), such as 250ms or 5s");
    };
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure == std::errc::result_out_of_range) return wrong("is out of range");
    if (failure != std::errc{} || text.front() == '-') return wrong("is not a duration");
    const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
    if (rest.empty()) return wrong("has no unit");
    for (const Unit& unit : kUnits) {
        if (rest != unit.name) continue;
        if (number > kLongest / unit.milliseconds) return wrong("is longer than 1000h");
        return Duration(number * unit.milliseconds);
    }
    return wrong("is not a duration");
}

std::string to_string(Duration duration) {
    const std::int64_t count = duration.count();
    if (count == 0) return "0s";
    for (const Unit& unit : kUnits) {
        if (count % unit.milliseconds == 0) {
            return std::to_string(count / unit.milliseconds) + std::string(unit.name);
        }
    }
    return std::to_string(count) + "ms";
}

}  // namespace amba::core
