// Slow starts: a backend that is new to the table, or back after its checks failed, gets its weight
// in steps over the time of its `slowstart`, so that cold caches are not run over.
#pragma once

#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/net/deadlines.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

class Frontend;

class Ramps final : private net::Deadline {
  public:
    Ramps(Frontend& frontend, Shared& shared) : frontend_(frontend), shared_(shared) {}

    void start(balance::Backend& backend, core::Duration slowstart);

  private:
    struct Ramp {
        balance::BackendPtr backend;
        core::Time began;
        core::Duration length;
    };
    void on_deadline() override;
    void wait();

    Frontend& frontend_;
    Shared& shared_;
    std::vector<Ramp> ramps_;
};

}  // namespace amba::proxy
