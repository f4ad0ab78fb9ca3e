// How one container reaches a TCP port of another: on a network that both share, or by the port
// that the other publishes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "amba/fleet/snapshot.hpp"

namespace amba::fleet {

struct Reached {
    std::string host;  // a literal without brackets
    std::uint16_t port = 0;
};

// nullopt: there is no way from the one to the other.
std::optional<Reached> reach(const Snapshot& snapshot, const FleetContainer& client,
                             const FleetContainer& backend, std::uint16_t port);

}  // namespace amba::fleet
