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
#include "amba/core/frontend_settings.hpp"

namespace amba::table {

using core::Algorithm;
using core::Bind;
using core::Check;
using core::CheckMethod;
using core::CheckRole;
using core::CheckType;
using core::Duration;
using core::Empty;
using core::Removed;
using core::Timeouts;

inline constexpr int kMaxWeight = 256;

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

struct Frontend : core::FrontendSettings {
    Duration resolve{5000};
    // How long addresses stay when DNS denies their name, or has others; unset: while it has no
    // other.
    std::optional<Duration> hold{Duration(30000)};
    bool family_both = false;  // use AAAA records beside A records
    Check check;
    std::vector<Backend> backends;
    bool operator==(const Frontend&) const = default;
};

struct Table {
    std::vector<Frontend> frontends;
    std::optional<Bind> admin;  // where HTTP is served over TCP, read-only
    bool operator==(const Table&) const = default;
};

}  // namespace amba::table
