// A health check: how a backend is asked whether it can serve, how often, and how many answers in a
// row change its state. In HAProxy's words: check, inter, fall, rise (configuration.txt, 5.2).
#pragma once

#include <algorithm>
#include <compare>
#include <string>

#include "amba/core/duration.hpp"

namespace amba::core {

enum class CheckType { kTcp, kRedis, kPostgres, kMysql, kHttp, kOff };

// What redis and postgres have to be: anything that answers, or what takes writes.
enum class CheckRole { kAny, kPrimary };

enum class CheckMethod { kGet, kHead, kOptions };

struct Check {
    CheckType type = CheckType::kTcp;
    Duration inter{2000};    // between two checks
    int fall = 3;            // failures in a row that make it unhealthy
    int rise = 2;            // successes in a row that make it healthy again
    Duration timeout{1000};  // of one check
    Duration fastinter{0};   // instead of inter while the state is changing; 0: see fast()
    Duration downinter{0};   // instead of inter while it is unhealthy; 0: inter
    CheckRole role = CheckRole::kAny;
    std::string user = {};  // postgres and mysql; "": amba where one is needed. It needs no rights
    std::string password_file = {};  // redis, postgres, mysql: of that user; "": none
    std::string database = {};       // likewise; "": none, and for postgres the one called postgres
    CheckMethod method = CheckMethod::kGet;  // this and what follows: http
    std::string path = "/";
    std::string host = {};   // of the Host header; "": the backend's address
    int expect_least = 200;  // the range of status codes that are well
    int expect_most = 399;

    // HAProxy takes inter where there is no fastinter. A quarter of it finds a dead backend before
    // many connections have, and a state that is changing does not last long.
    Duration fast() const {
        if (fastinter > Duration(0)) return fastinter;
        return std::min(inter, std::max(inter / 4, Duration(100)));
    }
    Duration down() const { return downinter > Duration(0) ? downinter : inter; }
    auto operator<=>(const Check&) const = default;
};

}  // namespace amba::core
