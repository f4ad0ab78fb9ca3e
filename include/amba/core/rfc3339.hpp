// Times as people and programs read them: RFC 3339 in UTC with milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace amba::core {

// "2026-11-22T07:30:00.123Z", of microseconds since 1970.
std::string rfc3339(std::int64_t us);

// Back to microseconds; any fraction of a second and any offset are understood.
std::optional<std::int64_t> parse_rfc3339(std::string_view text);

}  // namespace amba::core
