// What an ambassador says of itself (`amba status --json`), as far as a fleet shows it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/fleet/plan.hpp"

namespace amba::fleet {

struct SeenBackend {
    std::string address;  // as in the table of the ambassador
    std::string state;
    std::uint64_t served = 0;  // connections since it is in the table
};

struct SeenFrontend {
    std::string bind;
    std::uint64_t connections = 0;
    std::uint64_t served = 0;
    std::vector<SeenBackend> backends;
};

core::Result<std::vector<SeenFrontend>> parse_status(std::string_view json);
// Why it has rejected the table that it was told last; empty: it has not.
std::string parse_rejection(std::string_view json);

// Connections that each version of a service has served through one ambassador, added to `sum`.
void add_served(const Assignment& assignment, const std::string& service,
                const std::vector<SeenFrontend>& seen, std::map<std::string, std::uint64_t>& sum);

}  // namespace amba::fleet
