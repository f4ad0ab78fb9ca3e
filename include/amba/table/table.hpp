// The table: what amba is asked to do. All frontends with their backends, typed, with units and
// defaults. A Table that came out of this room's parsers is valid: see validate.hpp for the rules.
//
// Names and meanings follow HAProxy's configuration manual where it has the thing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/core/check.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/endpoint.hpp"

namespace amba::table {

using core::Bind;
using core::Check;
using core::CheckMethod;
using core::CheckRole;
using core::CheckType;
using core::Duration;

inline constexpr int kMaxWeight = 256;

enum class Policy { kRoundRobin, kLeastConn, kRandom, kSource, kFirst };

// What becomes of a connection when no backend has a weight above 0.
enum class Empty { kRefuse, kHold };

// What becomes of established connections whose backend has left the table.
struct Removed {
    enum class Kind { kKeep, kDrain, kClose } kind = Kind::kKeep;
    Duration drain{0};  // kDrain alone: time until they are closed
    bool operator==(const Removed&) const = default;
};

struct Timeouts {
    Duration connect{5000};  // over all tries of one connection
    Duration idle{0};        // 0: none, which suits databases and caches
    Duration queue{5000};
    bool operator==(const Timeouts&) const = default;
};

struct Backend {
    std::string host;  // a literal in its canonical form without brackets, or a name
    std::uint16_t port = 0;
    bool srv = false;  // host is a service: addresses and ports are those of its SRV records
    int weight = 1;    // 0-256; 0 takes no new connections
    bool backup = false;
    int maxconn = 0;                 // 0: no cap
    std::optional<CheckType> check;  // unset: as its frontend
    Duration slowstart{0};

    // The address, when host is a literal.
    std::optional<core::Endpoint> literal() const;
    std::string to_string() const;  // host:port, [v6]:port or srv:host
    bool operator==(const Backend&) const = default;
};

struct Frontend {
    std::string name;  // as given; by default the bind in its canonical form
    Bind bind;
    Policy balance = Policy::kRoundRobin;
    int maxconn = 0;  // 0: no cap
    Empty empty = Empty::kRefuse;
    Removed removed;
    int retries = 3;
    Duration resolve{5000};
    // How long addresses stay when DNS denies their name, or has others; unset: while it has no
    // other.
    std::optional<Duration> hold{Duration(30000)};
    bool family_both = false;           // use AAAA records beside A records
    bool hedge = true;                  // ask a second backend when one is slow to answer a connect
    bool observe = true;                // count failures of connections against backends
    int error_limit = 3;                // failures in a row after which one is left out for a while
    int max_ejected = 50;               // percent of the backends that may be left out at a time
    bool close_on_marked_down = false;  // connections to a backend that its checks find down
    Check check;
    Timeouts timeouts;
    std::vector<Backend> backends;
    bool operator==(const Frontend&) const = default;
};

struct Table {
    std::vector<Frontend> frontends;
    std::optional<Bind> admin;  // where HTTP is served over TCP, read-only
    bool operator==(const Table&) const = default;
};

}  // namespace amba::table
