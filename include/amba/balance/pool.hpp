// The pool: which backend takes the next connection.
//
// A Backend is one server address within a frontend. Its identity is the address and port, and it
// outlives pools: a backend that is in the table before and after a swap is the same object, with
// its counters, its health and its connections. A Pool is the list of backends with their weights,
// which never changes, and the state of the policy that chooses among them; a swap replaces the
// Pool of a frontend as a whole.
//
// The order of choice: primaries that are open, backups that are open, and when no backend is open
// all with a weight above 0, because a check may be wrong. Open is what is neither down by its
// checks nor ejected for its failures.
//
// Pure: no clock, no socket. One thread (the loop) uses a pool; another may build the next one from
// it meanwhile, as that reads the list alone.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "amba/balance/policy.hpp"
#include "amba/balance/rate.hpp"
#include "amba/core/check.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/endpoint.hpp"

namespace amba::balance {

// What its checks say; as long as nothing checks it, what the last connect said.
enum class State : std::uint8_t { kUnknown, kHealthy, kUnhealthy };

// Is a backend reached from its own address? Then it is on this host, and a connect to a port where
// nobody listens may meet itself.
enum class Whereabouts : std::uint8_t { kUnknown, kElsewhere, kOnOwnAddress };

class Backend : public boost::intrusive_ref_counter<Backend> {
  public:
    explicit Backend(const core::Endpoint& at) : endpoint(at) {}

    const core::Endpoint endpoint;
    State state = State::kUnknown;
    bool down = false;     // by its checks: takes connections only when all are
    bool ejected = false;  // for a while, after failures of real connections
    Whereabouts whereabouts = Whereabouts::kUnknown;
    std::uint8_t ramp = kRampSteps;  // of its weight; less during a slow start
    std::uint32_t users = 0;         // connections that dial it or are served by it
    std::uint32_t connections_current = 0;
    std::uint32_t failures = 0;            // of connects, in a row
    std::uint32_t resets = 0;              // before a byte, in a row
    core::Time connected_at{};             // when a connection to it was last established
    std::uint64_t connections_total = 0;   // established to this backend
    std::uint64_t connections_failed = 0;  // connects that it refused or left unanswered
    std::uint64_t bytes_up = 0;            // client to backend, of ended connections
    std::uint64_t bytes_down = 0;

    // For those who look; nothing decides by it.
    Rate rate;                         // of established connections
    std::uint32_t downs = 0;           // times it became unhealthy or was ejected
    std::uint64_t resets_total = 0;    // connections that it reset
    core::Time since{};                // when its state became what it is
    std::unique_ptr<std::string> why;  // of its state; null: nothing to say
    void turned(core::Time now, std::string_view reason) {
        since = now;
        why = reason.empty() ? nullptr : std::make_unique<std::string>(reason);
    }
};

using BackendPtr = boost::intrusive_ptr<Backend>;

struct Member {
    BackendPtr backend;
    int weight = 1;  // 0: takes no new connections
    bool backup = false;
    bool leaving = false;  // for those who look: its name no longer has it, and its weight is 0
    std::string origin;    // HOST:PORT as the table has it; a name when it was resolved
    std::uint32_t maxconn = 0;  // connections it takes at once; 0: no cap
    core::Duration slowstart{0};
    std::shared_ptr<const core::Check> check;  // null: none
};

// One try of a connection.
struct Ask {
    std::span<Backend* const> tried;  // by earlier tries of it
    std::uint64_t client = 0;         // a hash of its client's address, for `source`
};

struct Choice {
    Backend* backend = nullptr;
    bool full = false;  // there is none now, and will be when a connection ends
};

class Pool {
  public:
    Pool() = default;
    // Two members with the same endpoint are not allowed. Another `seed` begins at another place,
    // so that ambassadors that start together do not all begin at the same; 0 at the first.
    explicit Pool(std::vector<Member> members, Algorithm algorithm = Algorithm::kRoundRobin,
                  std::uint64_t seed = 0);
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Takes the place of `before`: reads what its backends are now, and goes on where it is in its
    // rotation, each backend with what it is owed. Of a pool with more than kCarried members it
    // does neither, as that would stall the loop: nobody waits long for a turn that comes once in
    // thousands, and note() tells of those that are not as new.
    void adopt(const Pool& before);
    static constexpr std::size_t kCarried = 2048;

    // A backend is not what it was: down, ejected, loaded, ramped. O(log n)
    void note(const Backend& backend);
    // Must it be told of every connection that begins and ends?
    bool counts_load() const { return counts_load_; }
    // Backends that may start slowly, and that are checked.
    bool has_slow_starts() const { return has_slow_starts_; }

    Algorithm algorithm() const { return algorithm_; }
    const std::vector<Member>& members() const { return members_; }
    // The member with that endpoint, or nullptr. O(log n)
    const Member* find(const core::Endpoint& endpoint) const;

    // The backend for one try. Weighted round robin: over any window of sum-of-weights first tries
    // each primary is within one of its share. O(log n)
    Choice pick(const Ask& ask = {});
    // How many have a weight above 0, and how many of these are open.
    std::size_t usable() const { return primaries_.shares.size() + backups_.shares.size(); }
    std::size_t open() const { return primaries_.open + backups_.open; }

  private:
    struct Group {
        std::vector<std::uint32_t> members;  // those with a weight, by their place in members_
        Shares shares;
        std::unique_ptr<Policy> policy;  // null: nobody is in it
        std::size_t open = 0;            // shares
        bool last_resort = false;        // takes no notice of health
    };
    void fill(Group& group, Algorithm algorithm, std::uint64_t seed,
              const std::function<bool(const Member&)>& in);
    void read(const Group& group, const Member& member, Share& share) const;
    void read_all(Group& group) const;
    void note(Group& group, std::size_t place);
    Rotation::Credit credit(const Member& member) const;
    std::optional<std::size_t> share_of(const Group& group, std::size_t place) const;
    Choice pick(Group& group, const Ask& ask);
    bool is_full(const Group& group, const Ask& ask) const;

    std::vector<Member> members_;
    std::vector<std::uint32_t> by_endpoint_;  // places in members_
    Algorithm algorithm_ = Algorithm::kRoundRobin;
    bool counts_load_ = false;
    bool has_slow_starts_ = false;
    Group primaries_;
    Group backups_;
    std::unique_ptr<Group> all_;  // made when no backend is open
};

}  // namespace amba::balance
