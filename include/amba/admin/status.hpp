// The status of the ambassador as JSON and as a table for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/proxy/view.hpp"

namespace amba::admin {

struct Status {
    std::string version;
    std::string daemon;            // an id new at each start
    std::uint64_t generation = 0;  // 0: no table yet
    std::string revision;
    std::string applied;  // when the table was accepted, RFC 3339; empty before the first
    bool stopping = false;
    std::vector<std::string> unresolved;  // names without an address
    std::vector<proxy::FrontendView> frontends;
};

std::string to_json(const Status& status);

// What `amba status` prints, from what the daemon answered.
core::Result<std::string> to_text(const std::string& json);

}  // namespace amba::admin
