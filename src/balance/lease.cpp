// The load of a backend: who uses it, from the first dial to the end.
#include "amba/balance/backend.hpp"

namespace amba::balance {

Lease::Lease(Backend& backend, LoadObserver& observer) :
    bits_(reinterpret_cast<std::uintptr_t>(&backend)) {
    intrusive_ptr_add_ref(&backend);
    backend.observer_ = &observer;
    ++backend.users_;
    observer.lease_began(backend);
}

void Lease::establish(core::Time now) {
    if (established()) return;
    Backend& backend = *get();
    bits_ |= kEstablished;
    ++backend.connections_;
    ++backend.counters.connections_total;
    backend.counters.rate.add(now);
    backend.connected_at_ = now;
}

void Lease::end() {
    if (bits_ == 0) return;
    Backend& backend = *get();
    if (established()) --backend.connections_;
    bits_ = 0;
    --backend.users_;
    backend.observer_->lease_ended(backend);
    intrusive_ptr_release(&backend);
}

}  // namespace amba::balance
