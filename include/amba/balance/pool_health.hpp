// The backends of a frontend and their health: takes every event of a backend, and keeps the pool,
// the share of those that are ejected and what time changes in step with it. Nobody else changes a
// backend's health, so that nobody has to remember to tell the pool.
//
// Never more than `max-ejected` percent of a pool are ejected at a time: when most fail, the fault
// is likely to be here, and those that are left would drown. A pool that shrinks gets back those
// that would have been the first to return.
//
// Pure: the time is an argument, and randomness comes from the seed. One thread (the loop).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "amba/balance/pool.hpp"

namespace amba::balance {

struct HealthRules {
    bool observe = true;            // failures of connections count
    std::uint32_t error_limit = 3;  // in a row, that eject a backend
    int max_ejected = 50;           // percent of the backends with a weight above 0
};

class PoolHealth {
  public:
    // What became of one of several backends.
    struct BackendChange {
        BackendPtr backend;
        HealthChange change;
    };

    // The backends may have been another frontend's, which is gone: their health goes on.
    PoolHealth(std::shared_ptr<Pool> pool, const HealthRules& rules, std::uint64_t seed);

    Pool& pool() { return *pool_; }
    const Pool& pool() const { return *pool_; }
    const std::shared_ptr<Pool>& shared_pool() const { return pool_; }
    void set_rules(const HealthRules& rules) { rules_ = rules; }

    // Another pool, which goes on where this one is; returns the one before. Ejections of backends
    // that have left are over. Backends that are new start slowly, as far as their slowstart says.
    std::shared_ptr<Pool> replace(std::shared_ptr<Pool> pool, core::Time now,
                                  std::vector<BackendChange>& changed);
    // The backend had left, and is in the pool again.
    HealthChange came_back(Backend& backend, core::Time now);

    // Events, as BackendHealth has them. Those of backends that have left the pool count too, but
    // eject nobody.
    HealthChange connected(Backend& backend, core::Time now);
    HealthChange connect_failed(Backend& backend, core::Time now, Fault fault,
                                std::string_view why);
    HealthChange outrun(Backend& backend, core::Time now);
    // It reset a connection that it had accepted. Held against it when it did so at once, before a
    // byte of either side (`silent`).
    HealthChange reset(Backend& backend, core::Time now, bool silent);
    // The same, when the reset came before anybody had seen that the connection was established.
    HealthChange reset_in_queue(Backend& backend, core::Time now);
    HealthChange served(Backend& backend, core::Time now);
    // What its checks say of a member of the pool. This table does not check other backends.
    HealthChange checked(Backend& backend, core::Time now, bool healthy, std::string_view why);

    // When time alone changes a backend; max(): never.
    core::Time due() const;
    void time_passed(core::Time now, std::vector<BackendChange>& changed);

    // The load of the backend has changed.
    void load_changed(const Backend& backend) {
        if (pool_->counts_load()) pool_->note(backend);
    }

    std::size_t ejected() const { return ejected_; }

  private:
    const Member* member_of(const Backend& backend) const;  // nullptr: it is none
    EjectionTerms terms(const Backend& backend);
    void watch_time(Backend& backend);
    HealthChange take(Backend& backend, HealthChange change);
    void forget_unchecked();
    void return_surplus(core::Time now, std::vector<BackendChange>& changed);

    std::shared_ptr<Pool> pool_;
    HealthRules rules_;
    std::uint64_t random_;
    std::size_t ejected_ = 0;
    std::size_t downs_ = 0;          // those that their checks find down, and may have left since
    std::vector<BackendPtr> timed_;  // those that time changes
};

}  // namespace amba::balance
