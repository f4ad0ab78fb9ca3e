// Backends that left the table of a frontend while connections to them are open: kept until those
// end, closed after a while, or closed at once, as `removed` says.
//
// A backend that comes back is no longer leaving, and one whose last connection ends is forgotten.
// The list of a large pool is gone through in parts, between which the traffic has its turn.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "amba/balance/pool_health.hpp"
#include "amba/net/deadlines.hpp"
#include "proxy/backends_observer.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

class Departures {
  public:
    Departures(const Settings& settings, Shared& shared, balance::PoolHealth& health,
               BackendsObserver& observer) :
        settings_(settings),
        shared_(shared), health_(health), observer_(observer) {}

    // The frontend has a new pool; `before` is the one that it had.
    void pool_replaced(std::shared_ptr<balance::Pool> before);
    // The next part of a large pool. True when there is more.
    bool go_on();
    void finish();  // all parts
    // Nobody uses this backend at the moment.
    void unused(const balance::Backend& backend);

    // Those that left and have connections, as far as the list was gone through.
    std::vector<balance::BackendPtr> backends() const;

  private:
    struct LeavingBackend final : net::Deadline {
        LeavingBackend(Departures& departures_in, balance::BackendPtr backend_in) :
            departures(departures_in), backend(std::move(backend_in)) {}
        void on_deadline() override { departures.time_is_up(); }
        Departures& departures;
        balance::BackendPtr backend;
        core::Time until = core::Time::max();
    };

    void leave(const balance::BackendPtr& backend);
    void say(const balance::Backend& backend, const char* what);
    void say_rest();
    void time_is_up();

    const Settings& settings_;
    Shared& shared_;
    balance::PoolHealth& health_;
    BackendsObserver& observer_;
    std::unordered_map<core::Endpoint, LeavingBackend, core::EndpointHash> leaving_;
    std::shared_ptr<balance::Pool> before_;  // gone through up to next_
    std::size_t next_ = 0;
    std::vector<balance::BackendPtr> to_close_;
    std::size_t said_ = 0;
    std::size_t unsaid_ = 0;
    std::size_t unsaid_connections_ = 0;
};

}  // namespace amba::proxy
