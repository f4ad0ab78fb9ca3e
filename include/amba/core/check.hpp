// A health check: how a backend is asked whether it can serve, how often, and how many answers in a
// row change its state. In HAProxy's words: check, inter, fall, rise (configuration.txt, 5.2).
#pragma once

#include <string>

#include "amba/core/duration.hpp"

namespace amba::core {

enum class CheckType { kTcp, kRedis, kPostgres, kMysql, kHttp, kOff };

struct Check {
    CheckType type = CheckType::kTcp;
    Duration inter{2000};    // between two checks
    int fall = 3;            // failures in a row that make it unhealthy
    int rise = 2;            // successes in a row that make it healthy again
    Duration timeout{1000};  // of one check
    bool operator==(const Check&) const = default;
};

}  // namespace amba::core
