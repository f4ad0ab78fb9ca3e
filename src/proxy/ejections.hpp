// Passive health (`observe layer4`): a backend that fails several connections in a row is left out
// for a while, each time for longer, so that a server that cannot serve costs no client a try.
//
// Never more than a share of the pool at a time (`max-ejected`): when most fail, the fault is
// likely to be here, and those that are left would drown.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <unordered_map>

#include "amba/balance/pool.hpp"
#include "amba/net/deadlines.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

class Frontend;

class Ejections {
  public:
    Ejections(Frontend& frontend, Shared& shared) : frontend_(frontend), shared_(shared) {}

    // A connection to it failed, with those before `run` in a row.
    void failed(balance::Backend& backend, std::uint32_t run, const char* why);
    void succeeded(balance::Backend& backend);
    // Those that are in the pool no more are forgotten.
    void pool_replaced();

  private:
    struct Ejected final : net::Deadline {
        Ejected(Ejections& in_, balance::BackendPtr backend_) :
            in(in_), backend(std::move(backend_)) {}
        void on_deadline() override { in.over(*this); }
        Ejections& in;
        balance::BackendPtr backend;
        int times = 0;
    };
    void over(Ejected& ejected);
    bool may_eject() const;
    core::Duration time_of(int times);

    Frontend& frontend_;
    Shared& shared_;
    std::unordered_map<const balance::Backend*, Ejected> ejected_;  // and those back on trial
    std::size_t out_ = 0;                                           // ejected at the moment
};

}  // namespace amba::proxy
