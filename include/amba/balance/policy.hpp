// A balancing policy: which share of a group takes the next connection. One file for each.
//
// A share is one backend of the group, known by its place. The group owns the shares; it tells the
// policy of every change, and asks it for the next one. Names as in HAProxy's manual ("balance").
//
// Pure: no clock; randomness comes from the seed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "amba/balance/rotation.hpp"
#include "amba/core/frontend_settings.hpp"

namespace amba::balance {

using core::Algorithm;

// A slow start gives a backend its weight in so many steps: weights of shares are in such parts.
inline constexpr std::uint8_t kRampSteps = 16;

struct Share {
    std::uint64_t identity = 0;     // a hash of its address: the same in every ambassador
    std::int32_t whole_weight = 1;  // above 0
    std::int32_t weight = 1;        // what it has of that now: less during a slow start
    std::uint32_t load = 0;         // connections
    bool usable = true;             // takes new connections
    bool full = false;              // it has as many connections as it may, for now

    bool ready() const { return usable && !full; }
};
using Shares = std::vector<Share>;

class Policy {
  public:
    // Asked of shares that are ready: may this one be taken? No connection tries a share twice.
    using Filter = std::function<bool(std::size_t)>;

    virtual ~Policy() = default;
    // The share for the next connection of that client (a hash of its address), or nullopt when
    // none is ready and may be taken. Without `may_take` all may.
    virtual std::optional<std::size_t> pick(std::uint64_t client, const Filter& may_take) = 0;
    // Share `i` is not what it was.
    virtual void changed(std::size_t i) = 0;

    // What that share is owed, for the policy of the group that takes this one's place.
    virtual Rotation::Credit credit(std::size_t) const { return 0; }
    virtual void start_from(const std::vector<Rotation::Credit>&) {}
};

// `shares` must outlive it. Round robin of many begins at another place for each seed.
std::unique_ptr<Policy> make_policy(Algorithm algorithm, const Shares& shares, std::uint64_t seed);

// One of a number of draws from 64 bits (splitmix64: Steele, Lea, Flood 2014).
std::uint64_t draw(std::uint64_t& state);
std::uint64_t mixed(std::uint64_t bits);

}  // namespace amba::balance
