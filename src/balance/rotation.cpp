// Two heaps: those that are owed a turn by their deadline, the others by when they are owed one.
#include "amba/balance/rotation.hpp"

#include <algorithm>
#include <numeric>

#include "amba/balance/policy.hpp"

namespace amba::balance {

namespace {

// Weights are counted in parts of 1/kFine, so that what a swap rounds does not add up.
constexpr std::int64_t kFine = 1024;
// The golden ratio's fraction in 64 bits: its multiples fill a range evenly at every length.
constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;
constexpr int kDraws = 16;

// a * b / c; the product of two totals of a large table does not fit into 64 bits.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
    return static_cast<std::int64_t>(static_cast<__int128>(a) * b / c);
}

// The same, rounded to the nearest: what is converted to another unit and back is what it was.
std::int64_t converted(std::int64_t a, std::int64_t b, std::int64_t c) {
    const __int128 product = static_cast<__int128>(a) * b;
    return static_cast<std::int64_t>((product < 0 ? product - c / 2 : product + c / 2) / c);
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
    return a / b - (a % b < 0 ? 1 : 0);
}

}  // namespace

// The standard heaps have their greatest in front: these orders make it the earliest.
struct Rotation::LaterDue {
    const Rotation& in;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        return in.due_at(in.shares_[a]) > in.due_at(in.shares_[b]);
    }
};
struct Rotation::LaterDeadline {
    const Rotation& in;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return in.before(b, a); }
};

Rotation::Rotation(const std::vector<int>& weights) {
    shares_.reserve(weights.size());
    for (const int weight : weights) {
        shares_.push_back({weight * kFine, 0});
        total_ += weight * kFine;
    }
    restart(std::vector<std::int64_t>(shares_.size(), 0));
}

// `owed` in units of 1/total_ turns: one turn costs exactly total_ and earns each its weight, so
// there are whole numbers and no drift.
void Rotation::restart(std::vector<std::int64_t> owed) {
    if (shares_.empty()) return;
    std::int64_t sum = std::accumulate(owed.begin(), owed.end(), std::int64_t{0});
    // Whole parts first, then what rounding left, one unit each.
    std::int64_t rest = sum;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        const std::int64_t part = scaled(sum, shares_[i].weight, total_);
        owed[i] -= part;
        rest -= part;
    }
    turn_ = 0;
    waiting_.clear();
    ready_.clear();
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        const std::int64_t one = rest > 0 ? 1 : rest < 0 ? -1 : 0;
        rest -= one;
        shares_[i].given = one - owed[i];
        const bool is_due = due_at(shares_[i]) <= 1;
        (is_due ? ready_ : waiting_).push_back(static_cast<std::uint32_t>(i));
    }
    std::make_heap(waiting_.begin(), waiting_.end(), LaterDue{*this});
    std::make_heap(ready_.begin(), ready_.end(), LaterDeadline{*this});
}

// The first turn in which it is owed something.
std::int64_t Rotation::due_at(const Share& share) const {
    return floor_div(share.given, share.weight) + 1;
}

// Has `a` the earlier deadline, the turn in which it falls a whole one behind? Of two with the
// same, the first in the list.
bool Rotation::before(std::size_t a, std::size_t b) const {
    const Share& x = shares_[a];
    const Share& y = shares_[b];
    // a/b < c/d without division
    const auto left = static_cast<__int128>(x.given + total_) * y.weight;
    const auto right = static_cast<__int128>(y.given + total_) * x.weight;
    return left < right || (left == right && a < b);
}

void Rotation::wait(std::size_t share) {
    waiting_.push_back(static_cast<std::uint32_t>(share));
    std::push_heap(waiting_.begin(), waiting_.end(), LaterDue{*this});
}

void Rotation::make_ready(std::size_t share) {
    ready_.push_back(static_cast<std::uint32_t>(share));
    std::push_heap(ready_.begin(), ready_.end(), LaterDeadline{*this});
}

std::size_t Rotation::next() {
    ++turn_;
    while (!waiting_.empty() && due_at(shares_[waiting_.front()]) <= turn_) {
        std::pop_heap(waiting_.begin(), waiting_.end(), LaterDue{*this});
        const std::uint32_t share = waiting_.back();
        waiting_.pop_back();
        make_ready(share);
    }
    // Never empty: the credits sum to 0 before the turn, so somebody is owed something in it.
    std::pop_heap(ready_.begin(), ready_.end(), LaterDeadline{*this});
    const std::uint32_t share = ready_.back();
    ready_.pop_back();
    shares_[share].given += total_;
    wait(share);
    return share;
}

std::optional<std::size_t> Rotation::other(const std::function<bool(std::size_t)>& usable) {
    if (shares_.empty()) return std::nullopt;
    if (sums_.empty()) {
        for (const Share& share : shares_)
            sums_.push_back((sums_.empty() ? 0 : sums_.back()) + share.weight);
    }
    std::size_t share = 0;
    for (int i = 0; i < kDraws; ++i) {
        draw_ += kGolden;
        const auto point = static_cast<std::int64_t>(
            (static_cast<unsigned __int128>(draw_) * static_cast<std::uint64_t>(total_)) >> 64);
        share = static_cast<std::size_t>(std::upper_bound(sums_.begin(), sums_.end(), point) -
                                         sums_.begin());
        if (usable(share)) return share;
    }
    // What is usable has hardly any weight, or there is none.
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        const std::size_t at = (share + i) % shares_.size();
        if (usable(at)) return at;
    }
    return std::nullopt;
}

Rotation::Credit Rotation::credit(std::size_t share) const {
    const Share& at = shares_[share];
    return converted(turn_ * at.weight - at.given, kWhole, total_);
}

void Rotation::start_from(const std::vector<Credit>& credits) {
    std::vector<std::int64_t> owed;
    owed.reserve(credits.size());
    for (const Credit credit : credits)
        owed.push_back(converted(credit, total_, kWhole));
    restart(std::move(owed));
}

void Rotation::skip(std::uint64_t turns) {
    for (std::uint64_t turn = 0; turn < turns && !shares_.empty(); ++turn)
        next();
}

void Rotation::spread(std::uint64_t phase) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    order.reserve(shares_.size());
    for (std::size_t i = 0; i < shares_.size(); ++i)
        order.emplace_back(mixed(phase + i * kGolden), i);
    std::sort(order.begin(), order.end());
    std::vector<Credit> credits(shares_.size());
    const auto count = static_cast<Credit>(shares_.size());
    for (std::size_t place = 0; place < order.size(); ++place) {
        credits[order[place].second] =
            kWhole * (2 * static_cast<Credit>(place) + 1) / (2 * count) - kWhole / 2;
    }
    start_from(credits);
}

}  // namespace amba::balance
