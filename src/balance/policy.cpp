// The one place that knows all policies.
#include "amba/balance/policy.hpp"

#include "balance/policies.hpp"

namespace amba::balance {

std::unique_ptr<Policy> make_policy(Algorithm algorithm, const Shares& shares, std::uint64_t seed) {
    switch (algorithm) {
        case Algorithm::kRoundRobin: break;
        case Algorithm::kLeastConn: return make_least_conn(shares, seed);
        case Algorithm::kRandom: return make_random(shares, seed);
        case Algorithm::kSource: return make_source(shares);
        case Algorithm::kFirst: return make_first(shares);
    }
    return make_round_robin(shares, seed);
}

std::uint64_t mixed(std::uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

std::uint64_t draw(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15u;
    return mixed(state);
}

}  // namespace amba::balance
