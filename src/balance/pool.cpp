// The list of backends, their groups, and the choice among them.
#include "amba/balance/pool.hpp"

#include <algorithm>
#include <numeric>

namespace amba::balance {

Pool::Pool(std::vector<Member> members, Algorithm algorithm, std::uint64_t seed) :
    members_(std::move(members)), algorithm_(algorithm) {
    by_endpoint_.resize(members_.size());
    std::iota(by_endpoint_.begin(), by_endpoint_.end(), 0u);
    std::sort(by_endpoint_.begin(), by_endpoint_.end(), [this](std::uint32_t a, std::uint32_t b) {
        return members_[a].backend->endpoint < members_[b].backend->endpoint;
    });
    counts_load_ = algorithm != Algorithm::kRoundRobin && algorithm != Algorithm::kFirst;
    for (const Member& member : members_) {
        counts_load_ |= member.maxconn > 0;
        has_slow_starts_ |= member.slowstart.count() > 0;
    }
    fill(primaries_, algorithm, seed, [](const Member& member) { return !member.backup; });
    fill(backups_, algorithm, seed, [](const Member& member) { return member.backup; });
}

void Pool::fill(Group& group, Algorithm algorithm, std::uint64_t seed,
                const std::function<bool(const Member&)>& in) {
    for (std::uint32_t i = 0; i < members_.size(); ++i) {
        const Member& member = members_[i];
        if (member.weight <= 0 || !in(member)) continue;
        Share share;
        share.identity = core::EndpointHash{}(member.backend->endpoint);
        share.whole_weight = member.weight * kRampSteps;
        share.weight = share.whole_weight;
        group.members.push_back(i);
        group.shares.push_back(share);
    }
    group.usable = group.shares.size();
    if (!group.shares.empty()) group.policy = make_policy(algorithm, group.shares, seed);
}

const Member* Pool::find(const core::Endpoint& endpoint) const {
    const auto at = std::lower_bound(by_endpoint_.begin(), by_endpoint_.end(), endpoint,
                                     [this](std::uint32_t i, const core::Endpoint& e) {
                                         return members_[i].backend->endpoint < e;
                                     });
    if (at == by_endpoint_.end() || members_[*at].backend->endpoint != endpoint) return nullptr;
    return &members_[*at];
}

std::optional<std::size_t> Pool::share_of(const Group& group, std::size_t place) const {
    const auto at = std::lower_bound(group.members.begin(), group.members.end(), place);
    if (at == group.members.end() || *at != place) return std::nullopt;
    return static_cast<std::size_t>(at - group.members.begin());
}

// ---- what backends are now ----

void Pool::read(const Group& group, const Member& member, Share& share) const {
    const Backend& backend = *member.backend;
    share.usable = group.last_resort || backend.health().usable();
    share.full = member.maxconn > 0 && backend.users() >= member.maxconn;
    share.load = backend.users();
    share.weight = member.weight * backend.health().ramp();
}

void Pool::read_all(Group& group) const {
    group.usable = 0;
    for (std::size_t i = 0; i < group.members.size(); ++i) {
        read(group, members_[group.members[i]], group.shares[i]);
        group.usable += group.shares[i].usable;
        group.policy->changed(i);
    }
}

void Pool::adopt(const Pool& before) {
    if (members_.size() > kCarried) return;
    for (Group* group : {&primaries_, &backups_}) {
        if (!group->policy) continue;
        read_all(*group);
        std::vector<Rotation::Credit> credits;
        credits.reserve(group->members.size());
        for (const std::uint32_t i : group->members) {
            const Member* known = before.find(members_[i].backend->endpoint);
            credits.push_back(known == nullptr ? 0 : before.credit(*known));
        }
        group->policy->start_from(credits);
    }
}

Rotation::Credit Pool::credit(const Member& member) const {
    const Group& group = member.backup ? backups_ : primaries_;
    const auto share = share_of(group, static_cast<std::size_t>(&member - members_.data()));
    return share ? group.policy->credit(*share) : 0;
}

void Pool::note(const Backend& backend) {
    const Member* member = find(backend.endpoint);
    if (member == nullptr || member->backend != &backend) return;
    const auto place = static_cast<std::size_t>(member - members_.data());
    note(member->backup ? backups_ : primaries_, place);
    if (!all_) return;
    if (usable() > 0) {
        all_.reset();
    } else {
        note(*all_, place);
    }
}

void Pool::note(Group& group, std::size_t place) {
    const auto i = share_of(group, place);
    if (!i) return;
    Share& share = group.shares[*i];
    group.usable -= share.usable;
    read(group, members_[place], share);
    group.usable += share.usable;
    group.policy->changed(*i);
}

// ---- choosing ----

Choice Pool::pick(const PickQuery& ask) {
    for (Group* group : {&primaries_, &backups_}) {
        const Choice choice = pick(*group, ask);
        if (choice.backend != nullptr || choice.full) return choice;
    }
    if (usable() > 0 && ask.tried.empty()) return {};
    if (!all_) {
        all_ = std::make_unique<Group>();
        all_->last_resort = true;
        fill(*all_, Algorithm::kRandom, 0, [](const Member&) { return true; });
        if (all_->policy) read_all(*all_);
    }
    return pick(*all_, ask);
}

Choice Pool::pick(Group& group, const PickQuery& ask) {
    if (group.usable == 0) return {};
    Policy::Filter may_take;
    if (!ask.tried.empty()) {
        may_take = [&](std::size_t i) {
            const Backend* backend = members_[group.members[i]].backend.get();
            return std::find(ask.tried.begin(), ask.tried.end(), backend) == ask.tried.end();
        };
    }
    if (const auto share = group.policy->pick(ask.client, may_take)) {
        return {members_[group.members[*share]].backend.get(), false};
    }
    return {nullptr, is_full(group, ask)};
}

// None could be picked: is that because of those that are full, or were all tried?
bool Pool::is_full(const Group& group, const PickQuery& ask) const {
    std::size_t tried = 0;
    for (const Backend* backend : ask.tried) {
        const Member* member = find(backend->endpoint);
        if (member == nullptr || member->backend != backend) continue;
        const auto share = share_of(group, static_cast<std::size_t>(member - members_.data()));
        tried += share && group.shares[*share].usable;
    }
    return group.usable > tried;
}

}  // namespace amba::balance
