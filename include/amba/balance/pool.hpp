// The pool: which backend takes the next connection.
//
// A Backend is one server address within a frontend. Its identity is the address and port, and it
// outlives pools: a backend that is in the table before and after a swap is the same object, with
// its counters and its connections. A Pool is the list of backends with their weights, which never
// changes, and the place in their rotation; a swap replaces the Pool of a frontend as a whole.
//
// Pure: no clock, no socket. One thread (the loop) uses a pool; another may build the next one from
// it meanwhile, as that reads the list alone.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "amba/balance/rotation.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/endpoint.hpp"

namespace amba::balance {

// What the last connects said, as long as nothing checks the backend's health.
enum class State : std::uint8_t { kUnknown, kHealthy, kUnhealthy };

class Backend : public boost::intrusive_ref_counter<Backend> {
  public:
    explicit Backend(const core::Endpoint& at) : endpoint(at) {}

    const core::Endpoint endpoint;
    State state = State::kUnknown;
    core::Time connected_at{};  // when a connection to it was last established
    std::uint32_t users = 0;  // connections that dial it or are served by it
    std::uint32_t connections_current = 0;
    std::uint64_t connections_total = 0;   // established to this backend
    std::uint64_t connections_failed = 0;  // connects that it refused or left unanswered
    std::uint64_t bytes_up = 0;            // client to backend, of ended connections
    std::uint64_t bytes_down = 0;
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
    // Two members with the same endpoint are not allowed. A pool of more than kCarried members
    // starts at a place of its own, which `phase` decides.
    explicit Pool(std::vector<Member> members, std::uint64_t phase = 0);

    // Goes on where `before` is in its rotation, each backend with what it is owed. Not for a large
    // pool: that would stall the loop, and nobody waits long for a turn that comes once in
    // thousands.
    void carry_over(const Pool& before);
    static constexpr std::size_t kCarried = 2048;

    const std::vector<Member>& members() const { return members_; }
    // The member with that endpoint, or nullptr. O(log n)
    const Member* find(const core::Endpoint& endpoint) const;

    // The backend for one try of a connection whose earlier tries are in `tried`, or nullptr when
    // none is left. Primaries come first; a backup serves when every primary was tried or there is
    // none. Weighted round robin: over any window of sum-of-weights first tries each primary is
    // within one of its share. A retry goes to one of the others, drawn by weight. O(log n)
    Backend* pick(std::span<Backend* const> tried = {});

  private:
    struct Group {
        std::vector<std::uint32_t> members;  // those with a weight, by their place in members_
        Rotation rotation;
    };
    void add_group(Group& group, bool backup, std::uint64_t phase);
    void carry_over(Group& group, const Pool& before);
    Rotation::Credit credit(const Member& member) const;
    Backend* other(Group& group, std::span<Backend* const> tried);

    std::vector<Member> members_;
    std::vector<std::uint32_t> by_endpoint_;  // places in members_
    Group primaries_;
    Group backups_;
};

}  // namespace amba::balance
