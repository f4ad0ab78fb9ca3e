// The lines that tell what became of the backends of a frontend.
#pragma once

#include <string>

#include "amba/balance/pool.hpp"
#include "amba/core/duration.hpp"
#include "amba/log/log.hpp"
#include "amba/proxy/proxy.hpp"

namespace amba::proxy {

class BackendsLog {
  public:
    // The settings are those of the frontend.
    explicit BackendsLog(const Settings& settings) : settings_(settings) {}

    // A backend has changed. `why` is empty where the event had no reason; `pool` has the names.
    void changed(const balance::Pool& pool, const balance::Backend& backend,
                 const balance::HealthChange& change, const std::string& why) const;
    // It reset a connection; folded into a line every ten seconds.
    void reset(const balance::Pool& pool, const balance::Backend& backend, core::Time now);
    // This host lacks what a connect to it takes; told every ten seconds at most.
    void lacks(const balance::Backend& backend, int error, core::Time now);

  private:
    void say(log::Level level, const char* event, const balance::Pool& pool,
             const balance::Backend& backend, const std::string& what) const;

    const Settings& settings_;
    std::uint64_t resets_unlogged_ = 0;
    core::Time next_reset_line_{};
    core::Time next_lack_line_{};
};

}  // namespace amba::proxy
