#include "amba/core/rfc3339.hpp"

#include <cstdio>
#include <ctime>

namespace amba::core {

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

}  // namespace amba::core
