// The pool: which backend takes the next connection.
//
// A Backend is one server address within a frontend. Its identity is the address and port, and it
// outlives pools: a backend that is in the table before and after a swap is the same object, with
// its counters, its connections and its place in the rotation. A Pool is an immutable list of
// backends with their weights; a swap replaces the Pool of a frontend as a whole.
//
// Pure: no clock, no socket. One thread (the loop) uses a pool and its backends.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "amba/core/endpoint.hpp"

namespace amba::balance {

class Pool;

// What the last connects said, as long as nothing checks the backend's health.
enum class State : std::uint8_t { kUnknown, kHealthy, kUnhealthy };

class Backend : public boost::intrusive_ref_counter<Backend, boost::thread_unsafe_counter> {
  public:
    explicit Backend(const core::Endpoint& at) : endpoint(at) {}

    const core::Endpoint endpoint;
    State state = State::kUnknown;
    std::uint32_t connections_current = 0;
    std::uint64_t connections_total = 0;   // established to this backend
    std::uint64_t connections_failed = 0;  // connects that it refused or left unanswered
    std::uint64_t bytes_up = 0;            // client to backend, of ended connections
    std::uint64_t bytes_down = 0;

  private:
    friend class Pool;
    // Share owed minus connections given, in units of 1/scale_ connections.
    std::int64_t credit_ = 0;
    std::int64_t scale_ = 1;
};

using BackendPtr = boost::intrusive_ptr<Backend>;

struct Member {
    BackendPtr backend;
    int weight = 1;  // 0: takes no new connections
    bool backup = false;
    std::string origin;  // HOST:PORT as the table has it; a name when it was resolved
};

class Pool {
  public:
    Pool() = default;
    // Members with the same backend are not allowed. Credits of backends that were in another pool
    // are carried over.
    explicit Pool(std::vector<Member> members);

    const std::vector<Member>& members() const { return members_; }
    // The member that is `backend`, or nullptr.
    const Member* find(const Backend* backend) const;

    // The backend for one try of a connection whose earlier tries are in `tried`, or nullptr when
    // none is left. Primaries come first; a backup serves when every primary was tried or there is
    // none. Weighted round robin: over any window of sum-of-weights first tries each primary is
    // within one of its share.
    Backend* pick(std::span<Backend* const> tried = {}) const;

  private:
    struct Share {
        Backend* backend;
        std::int64_t weight;
    };
    struct Rotation {
        std::vector<Share> shares;
        std::int64_t total = 0;

        void carry_over();
        Backend* next(std::span<Backend* const> tried) const;
    };

    std::vector<Member> members_;
    Rotation primaries_;
    Rotation backups_;
};

}  // namespace amba::balance
