// Finds binds of a table that overlap.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "amba/table/table.hpp"

namespace amba::table {

// Why two frontends cannot be in one table.
std::string overlap(const Bind& bind, const Bind& other);

// The binds of a table, found by what can meet them: ten thousand frontends on one port must not
// mean that each looks at all others.
class Binds {
  public:
    void add(const Bind& bind) {
        exact_.emplace(bind.endpoint, bind);
        by_port_.emplace(bind.endpoint.port, bind);
        if (is_wide(bind)) wide_.emplace(bind.endpoint.port, bind);
    }
    const Bind* overlapping(const Bind& bind) const {
        const auto overlaps = [&](const Bind& other) {
            return bind.overlaps(other);
        };
        if (is_wide(bind)) return first(by_port_, bind.endpoint.port, overlaps);
        if (const Bind* wide = first(wide_, bind.endpoint.port, overlaps)) return wide;
        return exact(bind.endpoint);
    }
    const Bind* receiving(const core::Endpoint& target,
                          const std::vector<core::Address>& local) const {
        const auto receives = [&](const Bind& bind) {
            return bind.receives(target, local);
        };
        if (const Bind* wide = first(wide_, target.port, receives)) return wide;
        return exact({target.address.reached(), target.port});
    }

  private:
    using ByPort = std::multimap<std::uint16_t, Bind>;
    static bool is_wide(const Bind& bind) {
        return bind.wildcard || bind.endpoint.address.is_unspecified();
    }
    template <class Test>
    static const Bind* first(const ByPort& binds, std::uint16_t port, Test test) {
        const auto [from, to] = binds.equal_range(port);
        const auto found = std::find_if(from, to, [&](const auto& at) { return test(at.second); });
        return found == to ? nullptr : &found->second;
    }
    const Bind* exact(const core::Endpoint& endpoint) const {
        const auto found = exact_.find(endpoint);
        return found == exact_.end() ? nullptr : &found->second;
    }
    std::unordered_map<core::Endpoint, Bind, core::EndpointHash> exact_;
    ByPort by_port_;
    ByPort wide_;  // on more than one address
};

}  // namespace amba::table
