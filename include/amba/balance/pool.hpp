// The pool: which backend takes the next connection.
//
// A Pool is the list of backends with their weights, which never changes, and the state of the
// policy that chooses among them; a swap replaces the Pool of a frontend as a whole, while the
// backends that stay remain the same objects.
//
// The order of choice: primaries that are usable (BackendHealth::usable), backups that are usable,
// and when no backend is usable all with a weight above 0, because a check may be wrong.
//
// Pure: no clock, no socket. One thread (the loop) uses a pool; another may build the next one from
// it meanwhile, as that reads the list alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "amba/balance/backend.hpp"
#include "amba/balance/policy.hpp"
#include "amba/core/check.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/endpoint.hpp"

namespace amba::balance {

struct Member {
    BackendPtr backend;
    int weight = 1;  // 0: takes no new connections
    bool backup = false;
    bool leaving = false;       // for status: its name no longer has it, and its weight is 0
    std::string origin;         // HOST:PORT as the table has it; a name when it was resolved
    std::uint32_t maxconn = 0;  // connections it takes at once; 0: no cap
    core::Duration slowstart{0};
    std::shared_ptr<const core::Check> check;  // null: none
};

// What one try of a connection asks for.
struct PickQuery {
    std::span<Backend* const> tried;  // by earlier tries of it
    std::uint64_t client = 0;         // a hash of its client's address, for `source`
};

struct Choice {
    Backend* backend = nullptr;
    bool full = false;  // no backend has room now; one will when a connection ends
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

    // Takes the place of `before`: reads the present state of its backends, and goes on where
    // `before` is in its rotation, so that each backend keeps the turns that it is owed. A pool of
    // more than kCarried members does neither, as that would stall the loop: a turn that comes once
    // in thousands is no great loss, and note() tells of each backend whose state is not that of a
    // new one.
    void adopt(const Pool& before);
    static constexpr std::size_t kCarried = 2048;

    // The health, the ramp or the load of this backend has changed. O(log n)
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
    Choice pick(const PickQuery& ask = {});
    // How many have a weight above 0, and how many of these are usable.
    std::size_t weighted() const { return primaries_.shares.size() + backups_.shares.size(); }
    std::size_t usable() const { return primaries_.usable + backups_.usable; }

  private:
    struct Group {
        std::vector<std::uint32_t> members;  // those with a weight, by their place in members_
        Shares shares;
        std::unique_ptr<Policy> policy;  // null: nobody is in it
        std::size_t usable = 0;          // shares
        bool last_resort = false;        // takes no notice of health
    };
    void fill(Group& group, Algorithm algorithm, std::uint64_t seed,
              const std::function<bool(const Member&)>& in);
    void read(const Group& group, const Member& member, Share& share) const;
    void read_all(Group& group) const;
    void note(Group& group, std::size_t place);
    Rotation::Credit credit(const Member& member) const;
    std::optional<std::size_t> share_of(const Group& group, std::size_t place) const;
    Choice pick(Group& group, const PickQuery& ask);
    bool is_full(const Group& group, const PickQuery& ask) const;

    std::vector<Member> members_;
    std::vector<std::uint32_t> by_endpoint_;  // places in members_
    Algorithm algorithm_ = Algorithm::kRoundRobin;
    bool counts_load_ = false;
    bool has_slow_starts_ = false;
    Group primaries_;
    Group backups_;
    std::unique_ptr<Group> all_;  // made when no backend is usable
};

}  // namespace amba::balance
