// Where a frontend listens: an address and port, or a port on every address.
#pragma once

#include <string>
#include <vector>

#include "amba/core/endpoint.hpp"

namespace amba::core {

// The wildcard is dual-stack: [::], and 0.0.0.0 where IPv6 is off.
struct Bind {
    bool wildcard = false;
    Endpoint endpoint;  // of a wildcard only the port counts

    std::string to_string() const;  // "*:80", "127.127.0.2:6379", "[::1]:80"
    bool wide() const { return wildcard || endpoint.address.is_unspecified(); }
    bool overlaps(const Bind& other) const;  // can the two not listen at the same time?
    // Would a connection to `target` arrive here? Of a wildcard: on any loopback address, the
    // unspecified ones, and every address in `local` (those of this host's interfaces).
    bool receives(const Endpoint& target, const std::vector<Address>& local = {}) const;
    bool operator==(const Bind&) const = default;
};

struct BindHash {
    std::size_t operator()(const Bind& bind) const {
        return EndpointHash{}(bind.endpoint) * 2 + (bind.wildcard ? 1 : 0);
    }
};

}  // namespace amba::core
