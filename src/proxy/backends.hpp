// The backends of a frontend: its pool with their health, and those that leave.
//
// Takes what connections and checks say of a backend, has balance::PoolHealth judge it, and tells
// the log and the frontend what became of it. Time that changes a backend (an ejection that is
// over, the steps of a slow start) is one deadline here.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "amba/balance/pool_health.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/backends_log.hpp"
#include "proxy/backends_observer.hpp"
#include "proxy/connect_times.hpp"
#include "proxy/departures.hpp"
#include "proxy/relay.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

class Backends final : public balance::LoadObserver, private net::Deadline {
  public:
    // The settings are those of the frontend, and change before replace() is called.
    Backends(const Settings& settings, Shared& shared, AvailabilityObserver& waiting,
             BackendsObserver& observer, std::shared_ptr<balance::Pool> pool);

    const balance::Pool& pool() const { return health_.pool(); }
    std::shared_ptr<balance::Pool> shared_pool() const { return health_.shared_pool(); }
    // Is there a backend that is usable and that no connection has found dead?
    bool has_hope() const;
    balance::Choice pick(const balance::PickQuery& ask) { return health_.pool().pick(ask); }
    balance::Lease lease(balance::Backend& backend) { return {backend, *this}; }

    // Takes another pool. Its members stay what they are; all others leave as `removed` says.
    void replace(std::shared_ptr<balance::Pool> pool);
    // Those that left and have connections.
    Departures& departures() { return departures_; }
    // How long a backend that is well takes to be connected to.
    ConnectTimes& connect_times() { return connect_times_; }

    // ---- what connections say ----
    void connected(balance::Backend& backend);
    // A connect failed, with this error of connect(2); 0: no answer.
    void connect_failed(balance::Backend& backend, int error, balance::Fault fault);
    // It has not answered a connect yet: its name may have moved.
    void slow(const balance::Backend& backend);
    // It has not answered yet, while another backend has.
    void outrun(balance::Backend& backend);
    // It reset a connection. `silent`: the client had neither sent anything nor left.
    void reset(balance::Backend& backend, bool silent);
    // The same, and the connection goes on with another backend.
    void lost(balance::Lease lease, bool silent);
    // A connection that it served is over.
    void served(balance::Backend& backend, ByteCounts bytes);
    // This host lacks what a connect to it takes, which is no fault of the backend.
    void lacks(const balance::Backend& backend, int error);
    // What its checks say.
    void mark(balance::Backend& backend, bool healthy, const std::string& why);

    // Adds them to the view, and says where.
    using Places = std::unordered_map<const balance::Backend*, std::size_t>;
    Places show(FrontendView& out, core::Time now) const;

  private:
    void on_deadline() override;
    void lease_began(balance::Backend& backend) override { health_.load_changed(backend); }
    void lease_ended(balance::Backend& backend) override;
    void take(balance::Backend& backend, const balance::HealthChange& change,
              const std::string& why = "");
    void take(const std::vector<balance::PoolHealth::BackendChange>& changed);
    void wait();

    const Settings& settings_;
    Shared& shared_;
    AvailabilityObserver& waiting_;
    BackendsObserver& observer_;
    BackendsLog log_;
    balance::PoolHealth health_;
    Departures departures_;
    ConnectTimes connect_times_;
};

}  // namespace amba::proxy
