// What the ambassador says of itself, put together by app and told in several ways: as JSON here,
// for Prometheus in metrics.hpp, for people in status_text.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/log/recorder.hpp"
#include "amba/proxy/view.hpp"

namespace amba::admin {

struct Status {
    // The moment it is of, by both clocks.
    core::Time now{};
    std::int64_t now_us = 0;  // since 1970
    std::int64_t started_us = 0;

    std::string version;
    std::string commit;
    std::string daemon;            // an id new at each start
    std::uint64_t generation = 0;  // 0: no table yet
    std::string revision;
    std::string applied;  // when the table was accepted, RFC 3339; empty before the first
    std::int64_t applied_us = 0;
    std::uint64_t tables_applied = 0;
    std::uint64_t tables_rejected = 0;
    // The last table that was judged, when it was rejected.
    struct Rejected {
        std::string time;
        std::string revision;
        std::string reason;
    };
    std::optional<Rejected> rejected;
    bool stopping = false;
    std::uint64_t log_lines_dropped = 0;
    std::vector<std::string> unresolved;  // names without an address
    std::vector<proxy::FrontendView> frontends;
};

std::string to_json(const Status& status);
std::string to_json(const std::vector<log::Event>& events);

}  // namespace amba::admin
