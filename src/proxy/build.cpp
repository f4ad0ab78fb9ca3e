// The pools of a new table, made of the backends that serve and of new ones. Pure but for the
// backends it makes, so that it can be done beside the loop.
#include <unordered_map>

#include "amba/proxy/proxy.hpp"

namespace amba::proxy {

using balance::BackendPtr;
using balance::Member;

namespace {

using Leaving = std::unordered_map<core::Endpoint, BackendPtr, core::EndpointHash>;

BackendPtr backend_at(const core::Endpoint& endpoint, const balance::Pool* serving,
                      const Leaving& leaving) {
    if (serving != nullptr) {
        if (const Member* known = serving->find(endpoint)) return known->backend;
    }
    const auto back = leaving.find(endpoint);
    return back != leaving.end() ? back->second : BackendPtr(new balance::Backend(endpoint));
}

std::shared_ptr<balance::Pool> make_pool(std::vector<Target> targets, const FrontendBackends* known,
                                         balance::Algorithm algorithm, std::uint64_t seed) {
    Leaving leaving;
    if (known != nullptr) {
        for (const BackendPtr& backend : known->leaving)
            leaving.emplace(backend->endpoint, backend);
    }
    std::vector<Member> members;
    members.reserve(targets.size());
    std::unordered_map<core::Endpoint, std::size_t, core::EndpointHash> seen;
    for (Target& target : targets) {
        const auto [at, fresh] = seen.try_emplace(target.endpoint, members.size());
        if (!fresh && target.leaving) continue;
        if (!fresh) {
            // Two names of one server: one backend, and its weights add up.
            members[at->second].weight += target.weight;
            members[at->second].backup &= target.backup;
            continue;
        }
        members.push_back(
            {backend_at(target.endpoint, known != nullptr ? known->pool.get() : nullptr, leaving),
             target.weight, target.backup, target.leaving, std::move(target.origin), target.maxconn,
             target.slowstart, std::move(target.check)});
    }
    return std::make_shared<balance::Pool>(std::move(members), algorithm, seed);
}

}  // namespace

void build(std::vector<Plan>& plans, const std::vector<FrontendBackends>& known,
           std::uint64_t seed) {
    std::unordered_map<core::Bind, const FrontendBackends*, core::BindHash> by_bind;
    for (const FrontendBackends& one : known)
        by_bind.emplace(one.bind, &one);
    for (Plan& plan : plans) {
        const auto at = by_bind.find(plan.settings.bind);
        const FrontendBackends* const had = at == by_bind.end() ? nullptr : at->second;
        plan.pool = make_pool(std::move(plan.targets), had, plan.settings.balance, seed);
        if (had != nullptr) plan.counted = had->counted;
    }
}

}  // namespace amba::proxy
