#include "amba/balance/pool.hpp"

#include <algorithm>
#include <numeric>

namespace amba::balance {

Pool::Pool(std::vector<Member> members, std::uint64_t phase) : members_(std::move(members)) {
    by_endpoint_.resize(members_.size());
    std::iota(by_endpoint_.begin(), by_endpoint_.end(), 0u);
    std::sort(by_endpoint_.begin(), by_endpoint_.end(), [this](std::uint32_t a, std::uint32_t b) {
        return members_[a].backend->endpoint < members_[b].backend->endpoint;
    });
    add_group(primaries_, false, phase);
    add_group(backups_, true, phase);
}

void Pool::add_group(Group& group, bool backup, std::uint64_t phase) {
    std::vector<int> weights;
    for (std::uint32_t i = 0; i < members_.size(); ++i) {
        if (members_[i].weight <= 0 || members_[i].backup != backup) continue;
        group.members.push_back(i);
        weights.push_back(members_[i].weight);
    }
    group.rotation = Rotation(weights);
    if (members_.size() > kCarried) group.rotation.spread(phase);
}

const Member* Pool::find(const core::Endpoint& endpoint) const {
    const auto at = std::lower_bound(by_endpoint_.begin(), by_endpoint_.end(), endpoint,
                                     [this](std::uint32_t i, const core::Endpoint& e) {
                                         return members_[i].backend->endpoint < e;
                                     });
    if (at == by_endpoint_.end() || members_[*at].backend->endpoint != endpoint) return nullptr;
    return &members_[*at];
}

void Pool::carry_over(const Pool& before) {
    if (members_.size() > kCarried) return;
    carry_over(primaries_, before);
    carry_over(backups_, before);
}

void Pool::carry_over(Group& group, const Pool& before) {
    std::vector<Rotation::Credit> credits;
    credits.reserve(group.members.size());
    for (const std::uint32_t i : group.members) {
        const Member* known = before.find(members_[i].backend->endpoint);
        credits.push_back(known == nullptr ? 0 : before.credit(*known));
    }
    group.rotation.start_from(credits);
}

Rotation::Credit Pool::credit(const Member& member) const {
    const Group& group = member.backup ? backups_ : primaries_;
    const auto place = static_cast<std::uint32_t>(&member - members_.data());
    const auto at = std::lower_bound(group.members.begin(), group.members.end(), place);
    if (at == group.members.end() || *at != place) return 0;  // its weight is 0
    return group.rotation.credit(static_cast<std::size_t>(at - group.members.begin()));
}

Backend* Pool::pick(std::span<Backend* const> tried) {
    if (tried.empty()) {
        for (Group* group : {&primaries_, &backups_}) {
            if (group->members.empty()) continue;
            return members_[group->members[group->rotation.next()]].backend.get();
        }
        return nullptr;
    }
    if (Backend* primary = other(primaries_, tried)) return primary;
    return other(backups_, tried);
}

Backend* Pool::other(Group& group, std::span<Backend* const> tried) {
    const auto share = group.rotation.other([&](std::size_t at) {
        const Backend* backend = members_[group.members[at]].backend.get();
        return std::find(tried.begin(), tried.end(), backend) == tried.end();
    });
    return share ? members_[group.members[*share]].backend.get() : nullptr;
}

}  // namespace amba::balance
