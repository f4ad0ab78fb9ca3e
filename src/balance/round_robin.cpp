// roundrobin: weighted turns (see rotation.hpp). A share that is closed leaves the rotation, and
// what it was owed goes to all; one that is full or was tried loses its turn to another drawn by
// weight, which leaves the turns of others as they are.
#include <algorithm>

#include "balance/policies.hpp"

namespace amba::balance {

namespace {

// The rotation of a larger group is not made anew while connections wait: a closed share loses its
// turns instead.
constexpr std::size_t kRemade = 2048;
// A new one begins somewhere in its order, at most so many turns from its first.
constexpr std::uint64_t kSkipped = 1024;

class RoundRobin final : public Policy {
  public:
    RoundRobin(const Shares& shares, std::uint64_t seed) : shares_(shares) {
        make();
        if (seed == 0) return;
        if (shares_.size() > kRemade) {
            rotation_.spread(seed);
            return;
        }
        std::uint64_t sum = 0;
        for (const std::int32_t weight : weights_)
            sum += static_cast<std::uint64_t>(weight);
        rotation_.skip(mixed(seed) % std::clamp<std::uint64_t>(sum / kRampSteps, 1, kSkipped));
    }

    std::optional<std::size_t> pick(std::uint64_t, const Filter& may_take) override {
        if (stale_) remake();
        if (in_.empty()) return std::nullopt;
        const auto usable = [&](std::size_t turn) {
            const std::size_t i = in_[turn];
            return shares_[i].ready() && (!may_take || may_take(i));
        };
        if (may_take) return share_of(rotation_.other(usable));  // a retry takes nobody's turn
        const std::size_t turn = rotation_.next();
        return usable(turn) ? in_[turn] : share_of(rotation_.other(usable));
    }

    void changed(std::size_t i) override {
        if (shares_.size() > kRemade) return;
        const std::int32_t weight = shares_[i].usable ? shares_[i].weight : 0;
        if (weight != weights_[i]) stale_ = true;
    }

    Rotation::Credit credit(std::size_t i) const override {
        const auto at = std::lower_bound(in_.begin(), in_.end(), i);
        if (at == in_.end() || *at != i) return 0;
        return rotation_.credit(static_cast<std::size_t>(at - in_.begin()));
    }

    void start_from(const std::vector<Rotation::Credit>& credits) override {
        make();
        start(credits);
    }

  private:
    void make() {
        stale_ = false;
        in_.clear();
        weights_.clear();
        std::vector<int> weights;
        for (std::uint32_t i = 0; i < shares_.size(); ++i) {
            const bool usable = shares_[i].usable || shares_.size() > kRemade;
            weights_.push_back(usable ? shares_[i].weight : 0);
            if (!usable) continue;
            in_.push_back(i);
            weights.push_back(shares_[i].weight);
        }
        rotation_ = Rotation(weights);
    }

    void start(const std::vector<Rotation::Credit>& credits) {
        std::vector<Rotation::Credit> owed;
        for (const std::uint32_t i : in_)
            owed.push_back(credits[i]);
        rotation_.start_from(owed);
    }

    void remake() {
        std::vector<Rotation::Credit> credits;
        for (std::size_t i = 0; i < shares_.size(); ++i)
            credits.push_back(credit(i));
        make();
        start(credits);
    }

    std::optional<std::size_t> share_of(std::optional<std::size_t> turn) const {
        if (!turn) return std::nullopt;
        return in_[*turn];
    }

    const Shares& shares_;
    std::vector<std::uint32_t> in_;      // shares that have turns, in their order
    std::vector<std::int32_t> weights_;  // with which each has them; 0: none
    Rotation rotation_;
    bool stale_ = false;
};

}  // namespace

std::unique_ptr<Policy> make_round_robin(const Shares& shares, std::uint64_t seed) {
    return std::make_unique<RoundRobin>(shares, seed);
}

}  // namespace amba::balance
