// Durations as users write them: a whole number and a unit (ms, s, m, h).
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "amba/core/result.hpp"

namespace amba::core {

using Duration = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// "250ms", "5s", "2m", "1h"; at most 1000 h. The error says what was expected.
Result<Duration> parse_duration(std::string_view text);

// The shortest exact form: 90000 ms is "90s", 120000 ms is "2m".
std::string to_string(Duration duration);

}  // namespace amba::core
