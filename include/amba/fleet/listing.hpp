// What talks to what, through which ambassador and in which state: what `amba ps` shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

// A frontend of an ambassador, or an ambassador without one, or a name without either.
struct ListingRow {
    std::string client, name, frontend, ambassador, state;
    std::string backends;  // "2/3": usable ones of all
    std::uint64_t connections = 0;
    bool serves = false;
};

// Asks all ambassadors of the snapshot. Sorted by client, name and frontend.
std::vector<ListingRow> listing(const Fleet& fleet, const Snapshot& snapshot);

}  // namespace amba::fleet
