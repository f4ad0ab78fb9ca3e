// A class of its own, so that what becomes of a name over minutes is tested without waiting.
#include "names/known_places.hpp"

#include <algorithm>

namespace amba::names {

void KnownPlaces::answered(const std::vector<ResolvedPlace>& places, bool v4_unknown,
                           bool v6_unknown, core::Time now) {
    bool back = false;
    bool lacks = false;
    std::vector<PlaceRecord> next;
    next.reserve(std::max(places.size(), known_.size()));
    auto before = known_.begin();
    const auto keep = [&](PlaceRecord known) {
        const bool unknown = known.place.endpoint.address.is_v6() ? v6_unknown : v4_unknown;
        if (!unknown && known.left == core::Time{}) known.left = now;
        lacks |= !unknown;
        if (!known.failed) next.push_back(known);
    };
    for (const ResolvedPlace& place : places) {
        while (before != known_.end() && before->place.endpoint < place.endpoint)
            keep(*before++);
        if (before != known_.end() && before->place.endpoint == place.endpoint) {
            back |= before->left != core::Time{};
            ++before;
        }
        next.push_back({place});
    }
    while (before != known_.end())
        keep(*before++);
    known_ = std::move(next);
    denied_ = {};
    judged_ = now;
    if (back && lacks) {
        ++turns_;
        turned_ = now;
    } else if (!takes_turns() || now - turned_ >= kDefaultHold) {
        turns_ = 0;
    }
}

void KnownPlaces::denied(core::Time now) {
    if (denied_ == core::Time{}) denied_ = now;
    judged_ = now;
}

void KnownPlaces::failed(const core::Endpoint& endpoint) {
    const auto at = std::lower_bound(
        known_.begin(), known_.end(), endpoint,
        [](const PlaceRecord& known, const core::Endpoint& e) { return known.place.endpoint < e; });
    if (at != known_.end() && at->place.endpoint == endpoint) at->failed = at->left != core::Time{};
}

bool KnownPlaces::held(const PlaceRecord& known, Hold hold) const {
    if (known.left != core::Time{} && judged_ - known.left >= for_obsolete(hold)) return false;
    return denied_ == core::Time{} || !hold || judged_ - denied_ < *hold;
}

void KnownPlaces::forget(const std::vector<Hold>& holds) {
    std::erase_if(known_, [&](const PlaceRecord& known) {
        return std::none_of(holds.begin(), holds.end(),
                            [&](const Hold& hold) { return held(known, hold); });
    });
}

std::vector<ResolvedPlace> KnownPlaces::places(Hold hold) const {
    std::vector<ResolvedPlace> out;
    out.reserve(known_.size());
    for (const PlaceRecord& known : known_) {
        if (!held(known, hold)) continue;
        ResolvedPlace& place = out.emplace_back(known.place);
        place.leaving = known.left != core::Time{} && !takes_turns();
    }
    return out;
}

std::optional<core::Time> KnownPlaces::next_end(const std::vector<Hold>& holds) const {
    std::optional<core::Time> next;
    const auto look_at = [&](core::Time end) {
        if (end > judged_ && (!next || end < *next)) next = end;
    };
    for (const Hold& hold : holds) {
        if (denied_ != core::Time{} && hold && !known_.empty()) look_at(denied_ + *hold);
        for (const PlaceRecord& known : known_) {
            if (known.left != core::Time{}) look_at(known.left + for_obsolete(hold));
        }
    }
    return next;
}

}  // namespace amba::names
