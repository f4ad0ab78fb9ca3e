// The policies, one maker each; make_policy() knows them all.
#pragma once

#include "amba/balance/policy.hpp"

namespace amba::balance {

std::unique_ptr<Policy> make_round_robin(const Shares& shares, std::uint64_t seed);
std::unique_ptr<Policy> make_least_conn(const Shares& shares, std::uint64_t seed);
std::unique_ptr<Policy> make_random(const Shares& shares, std::uint64_t seed);
std::unique_ptr<Policy> make_source(const Shares& shares);
std::unique_ptr<Policy> make_first(const Shares& shares);

}  // namespace amba::balance
