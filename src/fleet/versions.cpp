// Counters of all ambassadors, put together by version.
#include "amba/fleet/versions.hpp"

#include <algorithm>

#include "amba/fleet/plan.hpp"

namespace amba::fleet {

Versions versions(const Fleet& fleet, const Snapshot& snapshot, const std::string& service) {
    Versions out;
    auto& all = out.all;
    std::vector<Assignment> assigned = assignments(snapshot);
    std::erase_if(assigned, [&](const Assignment& one) {
        return std::none_of(one.routes.begin(), one.routes.end(),
                            [&](const Route& route) { return route.service == service; });
    });
    std::vector<const FleetContainer*> ambassadors;
    for (const Assignment& assignment : assigned) {
        ambassadors.push_back(assignment.ambassador);
        for (const Route& route : assignment.routes) {
            if (route.service != service) continue;
            for (const RouteTarget& target : route.targets) {
                all[target.version].containers.insert(target.member->container.id);
                all[target.version].weight = target.weight;
            }
        }
    }
    const auto statuses = fleet.statuses(ambassadors);
    for (std::size_t i = 0; i < assigned.size(); ++i) {
        if (!statuses[i]) {
            out.silent.push_back("ambassador " + docker::short_id(ambassadors[i]->container.id) +
                                 ": " + statuses[i].error().reason);
            continue;
        }
        std::map<std::string, std::uint64_t> served;
        add_served(assigned[i], service, *statuses[i], served);
        for (const auto& [version, count] : served)
            all[version].served += count;
    }
    return out;
}

void add_served(const Assignment& assignment, const std::string& service,
                const admin::Status& status, std::map<std::string, std::uint64_t>& sum) {
    for (const Route& route : assignment.routes) {
        if (route.service != service) continue;
        const std::string bind = route.bind();
        for (const proxy::FrontendView& frontend : status.frontends) {
            if (frontend.bind != bind) continue;
            for (const RouteTarget& target : route.targets) {
                const std::string address = target.address();
                for (const proxy::BackendView& backend : frontend.backends) {
                    if (backend.address == address)
                        sum[target.version] += backend.connections_total;
                }
            }
        }
    }
}

}  // namespace amba::fleet
