// The time of day, as lines and documents show it. Nothing is decided by it: it may jump.
#pragma once

#include <chrono>
#include <cstdint>

namespace amba::log {

// Microseconds since 1970 (system_clock).
inline std::int64_t now_us() {
    using namespace std::chrono;
    return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace amba::log
