// leastconn: the share with the fewest connections for its weight; of equals the one that has
// waited longest, as HAProxy has it, so that an idle group takes turns.
#include "balance/policies.hpp"
#include "balance/tournament.hpp"

namespace amba::balance {

namespace {

class LeastConn final : public Policy {
  public:
    LeastConn(const Shares& shares, std::uint64_t seed) : shares_(shares), last_(shares.size(), 0) {
        // All are idle at first: which share is taken then differs between ambassadors.
        for (std::size_t i = 0; i < last_.size() && seed != 0; ++i)
            last_[i] = draw(seed) % picks_;
        const auto ready = [this](std::size_t i) {
            return shares_[i].ready();
        };
        tree_.rebuild(shares_.size(), order(), ready);
    }

    std::optional<std::size_t> pick(std::uint64_t, const Filter& may_take) override {
        const auto found = may_take ? tree_.best_of(order(), may_take) : tree_.best();
        if (found) {
            last_[*found] = ++picks_;
            changed(*found);
        }
        return found;
    }
    void changed(std::size_t i) override { tree_.update(i, shares_[i].ready(), order()); }

  private:
    // The load is compared with the new connection counted in: a heavy share is taken first when
    // all are idle.
    struct Order {
        const LeastConn& in;
        bool operator()(std::size_t a, std::size_t b) const {
            const Share& x = in.shares_[a];
            const Share& y = in.shares_[b];
            const auto left = (std::uint64_t{x.load} + 1) * static_cast<std::uint64_t>(y.weight);
            const auto right = (std::uint64_t{y.load} + 1) * static_cast<std::uint64_t>(x.weight);
            return left < right || (left == right && in.last_[a] < in.last_[b]);
        }
    };
    Order order() const { return {*this}; }

    const Shares& shares_;
    std::vector<std::uint64_t> last_;  // when it was picked, by the count of picks
    std::uint64_t picks_ = std::uint64_t{1} << 32;
    Tournament tree_;
};

}  // namespace

std::unique_ptr<Policy> make_least_conn(const Shares& shares, std::uint64_t seed) {
    return std::make_unique<LeastConn>(shares, seed);
}

}  // namespace amba::balance
