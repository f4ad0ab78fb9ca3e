// The versions of a service: who they are, what they weigh and what they have served.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "amba/admin/status.hpp"
#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

struct Version {
    std::set<std::string> containers;  // ids
    int weight = 1;                    // of each
    std::uint64_t served = 0;          // connections, since they are in the table
};

struct Versions {
    std::map<std::string, Version> all;  // by name
    std::vector<std::string> silent;     // why an ambassador's counters are not in it
};

// What the ambassadors of all clients say together.
Versions versions(const Fleet& fleet, const Snapshot& snapshot, const std::string& service);

// Connections that each version of a service has served through one ambassador, added to `sum`.
void add_served(const Assignment& assignment, const std::string& service,
                const admin::Status& status, std::map<std::string, std::uint64_t>& sum);

}  // namespace amba::fleet
