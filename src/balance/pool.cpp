#include "amba/balance/pool.hpp"

#include <algorithm>

namespace amba::balance {

namespace {

// Credits are counted in parts of 1/kFine of a weight, so that what a swap rounds does not add up.
constexpr std::int64_t kFine = 1024;

// a * b / c; the product of two totals of a large table does not fit into 64 bits.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
    return static_cast<std::int64_t>(static_cast<__int128>(a) * b / c);
}

bool contains(std::span<Backend* const> list, const Backend* backend) {
    return std::find(list.begin(), list.end(), backend) != list.end();
}

}  // namespace

Pool::Pool(std::vector<Member> members) : members_(std::move(members)) {
    for (const Member& member : members_) {
        if (member.weight <= 0) continue;
        Rotation& rotation = member.backup ? backups_ : primaries_;
        rotation.shares.push_back({member.backend.get(), member.weight * kFine});
        rotation.total += member.weight * kFine;
    }
    primaries_.carry_over();
    backups_.carry_over();
}

const Member* Pool::find(const Backend* backend) const {
    const auto found = std::find_if(members_.begin(), members_.end(), [&](const Member& member) {
        return member.backend == backend;
    });
    return found == members_.end() ? nullptr : &*found;
}

Backend* Pool::pick(std::span<Backend* const> tried) const {
    if (Backend* primary = primaries_.next(tried)) return primary;
    return backups_.next(tried);
}

// Credits are counted in parts of 1/total connections, so that one pick costs exactly `total` and a
// turn earns exactly `weight`: whole numbers, no drift. A new table has another total, so what is
// owed is converted, and the credits of backends that left go to the others by weight: the sum of
// all credits is 0 at all times, which is what bounds each of them.
void Pool::Rotation::carry_over() {
    if (shares.empty()) return;
    std::int64_t sum = 0;
    for (const Share& share : shares) {
        Backend& backend = *share.backend;
        backend.credit_ = scaled(backend.credit_, total, backend.scale_);
        backend.scale_ = total;
        sum += backend.credit_;
    }
    // Whole parts first, then what rounding left, one unit each.
    std::int64_t rest = sum;
    for (const Share& share : shares) {
        const std::int64_t part = scaled(sum, share.weight, total);
        share.backend->credit_ -= part;
        rest -= part;
    }
    for (const Share& share : shares) {
        const std::int64_t one = rest > 0 ? 1 : rest < 0 ? -1 : 0;
        share.backend->credit_ -= one;
        rest -= one;
    }
}

// Earliest deadline first among those that are owed something (Tijdeman 1980, "The chairman
// assignment problem"; EEVDF in schedulers). The better known smooth round robin takes the one that
// is owed most, which lets a backend drift more than one connection from its share when there are
// many of them; this does not.
Backend* Pool::Rotation::next(std::span<Backend* const> tried) const {
    std::int64_t turn = 0;  // weights that earn in this turn
    for (const Share& share : shares) {
        if (!tried.empty() && contains(tried, share.backend)) continue;
        turn += share.weight;
        share.backend->credit_ += share.weight;
    }
    const Share* best = nullptr;
    bool best_owed = false;
    for (const Share& share : shares) {
        if (!tried.empty() && contains(tried, share.backend)) continue;
        const bool owed = share.backend->credit_ > 0;
        if (best != nullptr && best_owed && !owed) continue;
        const auto time_left = [&](const Share& s) {
            return total - s.backend->credit_;
        };
        // a/b < c/d without division: the turns left until this one falls a whole connection back.
        if (best == nullptr || (owed && !best_owed) ||
            time_left(share) * best->weight < time_left(*best) * share.weight) {
            best = &share;
            best_owed = owed;
        }
    }
    if (best == nullptr) return nullptr;
    best->backend->credit_ -= turn;
    return best->backend;
}

}  // namespace amba::balance
