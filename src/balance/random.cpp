// random: two shares drawn by weight, of which the less loaded is taken (Mitzenmacher 2001, "The
// power of two choices"). Among ambassadors that know nothing of each other it spreads best.
#include <algorithm>

#include "balance/policies.hpp"

namespace amba::balance {

namespace {

class Random final : public Policy {
  public:
    Random(const Shares& shares, std::uint64_t seed) :
        shares_(shares), drawn_(shares.size(), 0), sums_(shares.size() + 1, 0), state_(seed) {
        for (std::size_t i = 0; i < shares_.size(); ++i)
            changed(i);
    }

    std::optional<std::size_t> pick(std::uint64_t, const Filter& may_take) override {
        std::vector<std::size_t> left_out;
        const auto one = draw_one(may_take, left_out);
        const auto two = one ? draw_one(may_take, left_out) : one;
        for (const std::size_t i : left_out)
            changed(i);
        if (!one || !two) return one;
        const auto load = [this](std::size_t a, std::size_t b) {
            return (std::uint64_t{shares_[a].load} + 1) *
                   static_cast<std::uint64_t>(shares_[b].weight);
        };
        return load(*two, *one) < load(*one, *two) ? two : one;
    }

    // A Fenwick tree of the weights of those that are ready.
    void changed(std::size_t i) override { set(i, shares_[i].ready() ? shares_[i].weight : 0); }

  private:
    // What was tried is taken out of the draw, and put back after the pick.
    std::optional<std::size_t> draw_one(const Filter& may_take, std::vector<std::size_t>& tried) {
        while (total_ > 0) {
            const auto point =
                static_cast<std::int64_t>((static_cast<unsigned __int128>(draw(state_)) *
                                           static_cast<std::uint64_t>(total_)) >>
                                          64);
            const std::size_t i = at(point);
            if (!may_take || may_take(i)) return i;
            tried.push_back(i);
            set(i, 0);
        }
        return std::nullopt;
    }

    void set(std::size_t i, std::int64_t weight) {
        const std::int64_t more = weight - drawn_[i];
        drawn_[i] = weight;
        total_ += more;
        for (std::size_t at = i + 1; at < sums_.size(); at += at & (~at + 1))
            sums_[at] += more;
    }

    // The share in whose part of the sum of weights the point lies.
    std::size_t at(std::int64_t point) const {
        std::size_t step = 1;
        while (step * 2 < sums_.size())
            step *= 2;
        std::size_t place = 0;
        for (; step > 0; step /= 2) {
            const std::size_t next = place + step;
            if (next < sums_.size() && sums_[next] <= point) {
                place = next;
                point -= sums_[next];
            }
        }
        return place;
    }

    const Shares& shares_;
    std::vector<std::int64_t> drawn_;  // the weight that is in the sums
    std::vector<std::int64_t> sums_;
    std::int64_t total_ = 0;
    std::uint64_t state_;
};

}  // namespace

std::unique_ptr<Policy> make_random(const Shares& shares, std::uint64_t seed) {
    return std::make_unique<Random>(shares, seed);
}

}  // namespace amba::balance
