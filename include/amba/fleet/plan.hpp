// The plan: which ambassadors ought to be where, and which table each of them ought to have. Pure:
// a snapshot in, a plan out. Doing it is fleet.hpp's.
//
// A name of a client is an entry of its extra_hosts in 127.127.0.0/16. It stands for the service of
// that name in the client's Compose project, or for the one that its label says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/fleet/snapshot.hpp"
#include "amba/table/table.hpp"

namespace amba::fleet {

// ---- who ought to be there ----

struct Name {
    std::string name;
    std::string bind;  // 127.127.x.y
    auto operator<=>(const Name&) const = default;
};

// One part of each, with commas between.
std::string join(const std::vector<Name>& names, std::string Name::*part = &Name::name);

struct Place {
    const Member* client = nullptr;
    std::vector<Name> names;
    std::string to_string() const;  // CLIENT/NAME,NAME
};

// One for each name of each running client, or one for each client with all of its names; none on
// an Engine that does not answer. Pointers are into the snapshot.
std::vector<Place> places(const Snapshot& snapshot, bool per_client);

struct Changes {
    std::vector<Place> missing;
    // Not running, or left behind in the namespace of a client that was started again since.
    std::vector<const Member*> stale;
    // Their client or its name is gone, or another one does the same.
    std::vector<const Member*> orphans;
    std::size_t kept = 0;
};

Changes changes(const Snapshot& snapshot, const std::vector<Place>& wanted);

// What the labels of an ambassador say.
std::vector<Name> names_of(const docker::Container& ambassador);
// Its client, when it is in the snapshot.
const Member* client_of(const Snapshot& snapshot, const Member& ambassador);

// ---- what they ought to know ----

// A container that serves a name, as one client reaches it.
struct Target {
    const Member* member = nullptr;
    std::string version;
    std::string host;  // a literal
    std::uint16_t port = 0;
    int weight = 1;
    std::string address() const;  // host:port, or [v6]:port
};

// One frontend of an ambassador.
struct Route {
    Name name;
    std::string service;
    std::uint16_t port = 0;
    std::vector<std::string> options;  // KEY=VALUE words
    std::vector<Target> targets;
    std::string bind() const;  // address:port
};

struct Assignment {
    const Member* ambassador = nullptr;
    const Member* client = nullptr;
    std::vector<Route> routes;
    std::vector<Name> unknown;  // no container of their service tells a port
    std::vector<std::string>
        remarks;  // containers that cannot be reached, shares that are not exact
};

// For every running ambassador whose client runs.
std::vector<Assignment> assignments(const Snapshot& snapshot);

// As words of TABLE; a name of which no port is known keeps the frontends that `current` has for
// it, without a backend. Empty when there is nothing to say at all.
std::vector<std::string> words(const Assignment& assignment, const table::Table* current);

// Whether a container can be given connections: running, not stopping, not unhealthy.
bool usable(const Member& member);

}  // namespace amba::fleet
