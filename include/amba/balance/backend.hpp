// A backend: one server address within a frontend, with its health and its load.
//
// Its identity is the address and port, and it outlives pools: a backend that is in the table
// before and after a swap is the same object, with its counters, its health and its connections.
//
// Load is held, not counted: a connection has a Lease of a backend from the moment it dials it
// until it is served no more. Two leases of one connection are two users, as they are two sockets.
//
// One thread (the loop) uses a backend; others may read its endpoint alone.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <utility>

#include "amba/balance/backend_health.hpp"
#include "amba/balance/rate.hpp"
#include "amba/core/endpoint.hpp"

namespace amba::balance {

// Is a backend reached from its own address? Then it is on this host, and a connect to a port where
// nobody listens may meet itself.
enum class Whereabouts : std::uint8_t { kUnknown, kElsewhere, kOnOwnAddress };

class Backend;

// An observer of the load of backends.
class LoadObserver {
  public:
    virtual void lease_began(Backend& backend) = 0;
    // The backend has one user less.
    virtual void lease_ended(Backend& backend) = 0;

  protected:
    ~LoadObserver() = default;
};

// For status and metrics; nothing is decided by it.
struct BackendCounters {
    Rate rate;                             // of established connections
    std::uint64_t connections_total = 0;   // established to this backend
    std::uint64_t connections_failed = 0;  // connects that it refused or left unanswered
    std::uint64_t resets_total = 0;        // connections that it reset
    std::uint64_t bytes_up = 0;            // client to backend, of ended connections
    std::uint64_t bytes_down = 0;
};

class Backend : public boost::intrusive_ref_counter<Backend> {
  public:
    explicit Backend(const core::Endpoint& at) : endpoint(at) {}
    // One that another process has had, with its health.
    Backend(const core::Endpoint& at, BackendHealth health) :
        endpoint(at), health_(std::move(health)) {}

    const core::Endpoint endpoint;
    Whereabouts whereabouts = Whereabouts::kUnknown;  // as far as a connect has told
    BackendCounters counters;

    // PoolHealth alone changes it.
    const BackendHealth& health() const { return health_; }

    // Connections that dial it or are served by it, and of these the established ones.
    std::uint32_t users() const { return users_; }
    std::uint32_t connections() const { return connections_; }
    // When a connection to it was last established.
    core::Time connected_at() const { return connected_at_; }

  private:
    friend class Lease;
    friend class PoolHealth;

    bool timed_ = false;  // in the list of those that time changes
    std::uint32_t users_ = 0;
    std::uint32_t connections_ = 0;
    BackendHealth health_;
    core::Time connected_at_{};
    LoadObserver* observer_ = nullptr;  // of its frontend, which outlives the leases
};

using BackendPtr = boost::intrusive_ptr<Backend>;

// A connection's hold on a backend. It can be moved, and the observer is told when it begins and
// ends. It is as large as a pointer, since every connection has one.
class Lease {
  public:
    Lease() = default;
    // The observer must outlive all leases of the backend; a backend has one.
    Lease(Backend& backend, LoadObserver& observer);
    Lease(Lease&& other) noexcept : bits_(std::exchange(other.bits_, 0)) {}
    Lease& operator=(Lease&& other) noexcept {
        Lease old(std::move(*this));
        bits_ = std::exchange(other.bits_, 0);
        return *this;
    }
    ~Lease() { end(); }

    explicit operator bool() const { return bits_ != 0; }
    Backend* get() const { return reinterpret_cast<Backend*>(bits_ & ~kEstablished); }
    Backend& operator*() const { return *get(); }
    Backend* operator->() const { return get(); }

    // The connection is made, and the backend serves it.
    void establish(core::Time now);
    bool established() const { return (bits_ & kEstablished) != 0; }
    void end();

  private:
    static constexpr std::uintptr_t kEstablished = 1;
    static_assert(alignof(Backend) > kEstablished);
    std::uintptr_t bits_ = 0;  // the address of the backend, which it owns a reference of
};

}  // namespace amba::balance
