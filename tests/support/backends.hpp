// Backends without a frontend, with connections and results of checks, for tests of code that reads
// backends.
#pragma once

#include <memory>

#include "amba/balance/pool_health.hpp"

namespace amba::test {

struct NullObserver final : balance::LoadObserver {
    void lease_began(balance::Backend&) override {}
    void lease_ended(balance::Backend&) override {}
};

// A connection that is established, for as long as it is held.
inline balance::Lease connection_to(balance::Backend& backend,
                                    core::Time since = core::Clock::now()) {
    static NullObserver nobody;
    balance::Lease lease(backend, nobody);
    lease.establish(since);
    return lease;
}

inline void mark(balance::Backend& backend, bool healthy) {
    std::vector<balance::Member> members(1);
    members.front().backend = &backend;
    balance::PoolHealth(std::make_shared<balance::Pool>(std::move(members)), {}, 0)
        .checked(backend, core::Clock::now(), healthy, "");
}

}  // namespace amba::test
