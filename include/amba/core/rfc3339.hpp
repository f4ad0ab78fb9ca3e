// Times as people and programs read them: RFC 3339 in UTC with milliseconds.
#pragma once

#include <cstdint>
#include <string>

namespace amba::core {

// "2026-11-22T07:30:00.123Z", of microseconds since 1970.
std::string rfc3339(std::int64_t us);

}  // namespace amba::core
