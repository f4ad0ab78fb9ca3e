// What the ambassador says of itself: one document, put together by the daemon and told in several
// ways, as JSON here, for Prometheus in metrics.hpp, for people in status_text.hpp. Whoever asks a
// daemon reads the JSON back into the same document.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/log/recorder.hpp"
#include "amba/proxy/view.hpp"
#include "amba/table/table.hpp"

namespace amba::admin {

struct Status {
    // When the status was taken, by both clocks.
    core::Time now{};
    std::int64_t now_us = 0;  // microseconds since 1970, like all `_us` here; 0: not told
    std::int64_t started_us = 0;

    std::string version;
    std::string commit;
    std::string daemon;            // an id new at each start
    std::uint64_t generation = 0;  // 0: no table yet
    std::string revision;
    std::int64_t applied_us = 0;  // when the table was accepted; 0 before the first
    std::uint64_t tables_applied = 0;
    std::uint64_t tables_rejected = 0;
    // The last table that was judged, when it was rejected.
    struct Rejected {
        std::string time;  // RFC 3339
        std::string revision;
        std::string reason;
    };
    std::optional<Rejected> rejected;
    bool stopping = false;
    std::int64_t orphaned_us = 0;  // when its network namespace lost its last link; 0: it has one
    std::uint64_t log_lines_dropped = 0;
    std::vector<std::string> unresolved;  // names without an address
    std::vector<proxy::FrontendView> frontends;
    // The table whose settings are shown beside the figures; null: none, as in a document that was
    // read back.
    std::shared_ptr<const table::Table> table;
};

std::string to_json(const Status& status);
// The daemon may be older or newer: a member that is missing, or of another type, has its default.
// Every text is printable (core/text.hpp). The error says that the document is no status at all.
core::Result<Status> status_from_json(std::string_view document);

std::string to_json(const std::vector<log::Event>& events);

}  // namespace amba::admin
