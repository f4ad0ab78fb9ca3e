// source: the same client goes to the same share as long as it is there, and when one comes or goes
// only its part of the clients moves (Karger et al. 1997, "Consistent hashing"). No share gets more
// than a quarter above its part of the connections (Mirrokni et al. 2017, "Consistent hashing with
// bounded loads"): what is above goes to the next on the ring.
//
// The ring depends on addresses and weights alone, so that all ambassadors agree.
#include <algorithm>

#include "balance/policies.hpp"

namespace amba::balance {

namespace {

// Points on the ring for a part of a weight: 16 for a weight of 1, as HAProxy's hash-type
// consistent.
constexpr std::int64_t kPoints = 1;
// For all shares together, so that a large table does not take megabytes.
constexpr std::int64_t kMostPoints = 1 << 20;

class Source final : public Policy {
  public:
    explicit Source(const Shares& shares) : shares_(shares), counted_(shares.size()) {
        std::int64_t sum = 0;
        for (const Share& share : shares_)
            sum += share.whole_weight;
        const std::int64_t shrink = std::max<std::int64_t>(1, sum * kPoints / kMostPoints);
        for (std::size_t i = 0; i < shares_.size(); ++i) {
            std::uint64_t state = shares_[i].identity;
            const std::int64_t points =
                std::max<std::int64_t>(1, shares_[i].whole_weight * kPoints / shrink);
            for (std::int64_t p = 0; p < points; ++p)
                ring_.push_back({draw(state), static_cast<std::uint32_t>(i)});
            changed(i);
        }
        std::sort(ring_.begin(), ring_.end(),
                  [](const Point& a, const Point& b) { return a.at < b.at; });
    }

    std::optional<std::size_t> pick(std::uint64_t client, const Filter& may_take) override {
        auto point = std::lower_bound(ring_.begin(), ring_.end(), mixed(client),
                                      [](const Point& p, std::uint64_t at) { return p.at < at; });
        std::optional<std::size_t> above;  // the first that is ready, if all have their part
        for (std::size_t n = 0; n < ring_.size(); ++n, ++point) {
            if (point == ring_.end()) point = ring_.begin();
            const std::size_t i = point->share;
            if (!shares_[i].ready() || (may_take && !may_take(i))) continue;
            if (has_room(shares_[i])) return i;
            if (!above) above = i;
        }
        return above;
    }

    void changed(std::size_t i) override {
        const Share& share = shares_[i];
        const ShareLoad now = share.usable ? ShareLoad{share.weight, share.load} : ShareLoad{};
        weight_ += now.weight - counted_[i].weight;
        load_ += std::int64_t{now.load} - counted_[i].load;
        counted_[i] = now;
    }

  private:
    struct Point {
        std::uint64_t at;
        std::uint32_t share;
    };
    struct ShareLoad {
        std::int32_t weight = 0;
        std::uint32_t load = 0;
    };
    // Fewer connections than 1.25 times its part of all, this one included, rounded up?
    bool has_room(const Share& share) const {
        return std::int64_t{share.load} * 4 * weight_ < (load_ + 1) * 5 * share.weight;
    }

    const Shares& shares_;
    std::vector<Point> ring_;
    std::vector<ShareLoad> counted_;  // what is in the sums
    std::int64_t weight_ = 0;         // of those that are usable
    std::int64_t load_ = 0;
};

}  // namespace

std::unique_ptr<Policy> make_source(const Shares& shares) {
    return std::make_unique<Source>(shares);
}

}  // namespace amba::balance
