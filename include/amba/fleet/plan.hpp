// The plan: which ambassadors ought to be where, and which table each of them ought to have. Pure:
// a snapshot in, a plan out. Doing it is fleet.hpp's.
//
// A name of a client is an entry of its extra_hosts in 127.127.0.0/16. It stands for the service of
// that name in the client's Compose project, or for the one that its label says.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/fleet/snapshot.hpp"
#include "amba/table/table.hpp"

namespace amba::fleet {

// ---- who ought to be there ----

struct ServedName {
    std::string name;
    std::string bind;  // 127.127.x.y
    auto operator<=>(const ServedName&) const = default;
};

// One member of each name, joined with commas.
std::string join(const std::vector<ServedName>& names,
                 std::string ServedName::*part = &ServedName::name);

struct AmbassadorPlace {
    const FleetContainer* client = nullptr;
    std::vector<ServedName> names;
    std::string to_string() const;  // CLIENT/NAME,NAME
};

// One for each name of each running client, or one for each client with all of its names; none on
// an Engine that does not answer. Pointers are into the snapshot.
std::vector<AmbassadorPlace> places(const Snapshot& snapshot, bool per_client);

// An ambassador whose command has a table that it cannot have: the Engine starts it again and
// again.
struct RefusedAmbassador {
    const FleetContainer* ambassador = nullptr;
    AmbassadorPlace place;
};

struct FleetChanges {
    std::vector<AmbassadorPlace> missing;  // those of the client that was started last first
    std::vector<RefusedAmbassador> refused;
    // Not running, or left behind in the namespace of a client that was started again since.
    std::vector<const FleetContainer*> stale;
    // Their client or its name is gone, or another one does the same.
    std::vector<const FleetContainer*> orphans;
    std::size_t kept = 0;
};

FleetChanges changes(const Snapshot& snapshot, const std::vector<AmbassadorPlace>& wanted);

// ---- upgrades ----
//
// An ambassador of an older image is replaced by one that shares its volume and takes over from it
// (`run --takeover`). The successor names it in a label, and is on trial until it serves: its
// restart policy is "no" as long. So a plan can be made from what the Engine says alone, whoever
// began with the upgrade.

// Puts aside those that have handed over, and successors that do not serve.
void set_aside(Picture& picture);

struct FleetUpgrades {
    std::vector<const FleetContainer*> outdated;  // to be replaced
    std::vector<const FleetContainer*> finished;  // to be removed
    std::vector<const FleetContainer*> proven;    // on trial, and they serve
};
// `now_us` is the Engine's clock, since 1970.
FleetUpgrades upgrades(const Snapshot& snapshot, std::int64_t now_us);

// What the labels of an ambassador say.
std::vector<ServedName> names_of(const docker::Container& ambassador);
// Its client, when it is in the snapshot.
const FleetContainer* client_of(const Snapshot& snapshot, const FleetContainer& ambassador);

// ---- what they ought to know ----

// A container that serves a name, as one client reaches it.
struct RouteTarget {
    const FleetContainer* member = nullptr;
    std::string version;
    std::string host;  // a literal
    std::uint16_t port = 0;
    int weight = 1;
    std::string address() const;  // host:port, or [v6]:port
};

// One frontend of an ambassador.
struct Route {
    ServedName name;
    std::string service;
    std::uint16_t port = 0;
    std::vector<std::string> options;  // KEY=VALUE words
    std::vector<RouteTarget> targets;
    std::string bind() const;  // address:port
};

struct Assignment {
    const FleetContainer* ambassador = nullptr;  // null: it is yet to be made
    const FleetContainer* client = nullptr;
    std::vector<ServedName> names;
    std::string to_string() const;  // CLIENT/NAME,NAME
    std::vector<Route> routes;
    std::vector<ServedName> unknown;  // no container of their service tells a port
    std::vector<std::string>
        remarks;  // containers that cannot be reached, shares that are not exact
};

// For every running ambassador whose client runs.
std::vector<Assignment> assignments(const Snapshot& snapshot);
// The same for an ambassador that is to be made.
Assignment assignment_of(const Snapshot& snapshot, const AmbassadorPlace& place);

// As words of TABLE, without the frontends of `left_out` (as Route::bind); a name of which no port
// is known keeps the frontends that `current` has for it, without a backend. Empty when there is
// nothing to say at all.
std::vector<std::string> words(const Assignment& assignment, const table::Table* current,
                               const std::set<std::string>& left_out = {});

// "127.127.0.2:6379 -> 2 of redis, ...", without those left out.
std::string summary(const Assignment& assignment, const std::set<std::string>& left_out = {});

// ---- ports that a client holds itself ----
//
// A client that listens on *:80 holds port 80 of 127.127.0.3 too: the ambassador cannot have it,
// and whoever connects there reaches the client itself.

// The address that an ambassador could not have, from its reason; nullopt: another reason.
std::optional<std::string> taken_address(std::string_view reason);

// A line of `amba listeners`.
struct PortListener {
    std::string address;  // ADDRESS:PORT
    int pid = 0;          // 0: not known
    std::string command;
};
std::vector<PortListener> parse_listeners(std::string_view text);
// The listener that is in the way of an address; nullptr: there is none.
const PortListener* in_the_way(const std::vector<PortListener>& listeners,
                               const std::string& address);

// Whether the client says itself that it has that port: it exposes or publishes it.
bool may_hold(const docker::Container& client, std::uint16_t port);
// What an operator is told: who holds the port of that frontend, and what helps.
std::string held(const Assignment& assignment, const std::string& address,
                 const PortListener* listener);

// Whether a container can be given connections: running, not stopping, not unhealthy.
bool usable(const FleetContainer& member);

}  // namespace amba::fleet
