// What ambassadors ought to know.
#include <algorithm>
#include <set>
#include <sstream>

#include "amba/core/endpoint.hpp"
#include "amba/fleet/plan.hpp"
#include "fleet/reach.hpp"

namespace amba::fleet {

namespace {

using docker::Container;
using docker::Health;

std::string service_of(const Container& client, const std::string& name) {
    const std::string& other = client.label(kLinkLabel + name);
    return other.empty() ? name : other;
}

const Split* split_of(const Snapshot& snapshot, const ServiceKey& key) {
    const auto found = snapshot.splits.find(key);
    return found == snapshot.splits.end() ? nullptr : &found->second;
}

std::string version_of(const Container& container) {
    const std::string& version = container.label(kVersionLabel);
    return version.empty() ? container.label(kComposeService) : version;
}

// True: the container serves the service, by its own service, by its label, or as a version that a
// split names.
bool serves(const Container& container, const ServiceKey& key, const Split* split) {
    if (container.label(kComposeProject) != key.project) return false;
    if (container.label(kComposeOneOff) == "True") return false;  // of `docker-compose run`
    const std::string& own = container.label(kComposeService);
    return own == key.service || container.label(kServesLabel) == key.service ||
           (split && split->contains(own));
}

std::vector<const FleetContainer*> members_of(const Snapshot& snapshot, const ServiceKey& key) {
    std::vector<const FleetContainer*> all;
    const Split* split = split_of(snapshot, key);
    for (const FleetContainer& member : snapshot.members) {
        if (serves(member.container, key, split)) all.push_back(&member);
    }
    return all;
}

// Containers whose health check has not said anything yet are better than none.
std::vector<const FleetContainer*> usable_of(const std::vector<const FleetContainer*>& members) {
    std::vector<const FleetContainer*> judged;
    std::vector<const FleetContainer*> starting;
    for (const FleetContainer* member : members) {
        if (!usable(*member)) continue;
        (member->container.health == Health::kStarting ? starting : judged).push_back(member);
    }
    return judged.empty() ? starting : judged;
}

std::set<std::uint16_t> ports_of(const std::vector<const FleetContainer*>& members) {
    std::set<std::uint16_t> ports;
    for (const FleetContainer* member : members) {
        ports.insert(member->container.exposed.begin(), member->container.exposed.end());
        for (const docker::Published& published : member->container.published)
            ports.insert(published.port);
    }
    return ports;
}

std::vector<std::string> options_of(const std::vector<const FleetContainer*>& members) {
    for (const FleetContainer* member : members) {
        std::istringstream text(member->container.label(kOptionsLabel));
        std::vector<std::string> options;
        for (std::string word; text >> word;)
            options.push_back(word);
        if (!options.empty()) return options;
    }
    return {};
}

bool has_port(const Container& container, std::uint16_t port) {
    return std::find(container.exposed.begin(), container.exposed.end(), port) !=
               container.exposed.end() ||
           std::any_of(container.published.begin(), container.published.end(),
                       [&](const docker::Published& one) { return one.port == port; });
}

// What is behind one port of a service, as one client reaches it.
class Behind {
  public:
    Behind(const Snapshot& snapshot, Assignment& assignment, const ServiceKey& key) :
        snapshot_(snapshot), assignment_(assignment), key_(key) {}

    std::vector<RouteTarget> targets(const std::vector<const FleetContainer*>& members,
                                     std::uint16_t port) {
        std::vector<RouteTarget> all;
        for (const FleetContainer* member : members) {
            if (!has_port(member->container, port)) continue;
            const auto reached = reach(snapshot_, *assignment_.client, *member, port);
            if (!reached) {
                remark(member->container.name + " shares no network with " +
                       assignment_.client->container.name + " and publishes no port " +
                       std::to_string(port) + " that it can reach");
                continue;
            }
            all.push_back({member, version_of(member->container), reached->host, reached->port, 1});
        }
        weigh(all);
        return all;
    }

  private:
    void weigh(std::vector<RouteTarget>& targets) {
        const Split* split = split_of(snapshot_, key_);
        if (!split) return;
        std::map<std::string, unsigned> containers;
        for (const RouteTarget& target : targets)
            ++containers[target.version];
        const Weights found = weights(*split, containers);
        if (!found.exact) {
            remark("no weights up to 256 give " + key_.service + " the shares " +
                   to_string(*split) + " with these containers; the nearest do");
        }
        bool none = true;
        for (RouteTarget& target : targets) {
            target.weight = found.of.at(target.version);
            none = none && target.weight == 0;
        }
        if (none && !targets.empty()) {
            remark("the shares " + to_string(*split) + " of " + key_.service +
                   " leave nothing to any container; `amba weight " + key_.service +
                   "=` forgets them");
        }
    }

    void remark(std::string text) { assignment_.remarks.push_back(std::move(text)); }

    const Snapshot& snapshot_;
    Assignment& assignment_;
    const ServiceKey& key_;
};

void add_routes(const Snapshot& snapshot, Assignment& assignment, const ServedName& name) {
    const Container& client = assignment.client->container;
    const ServiceKey key{client.label(kComposeProject), service_of(client, name.name)};
    const std::vector<const FleetContainer*> all = members_of(snapshot, key);
    const std::set<std::uint16_t> ports = ports_of(all);
    if (ports.empty()) {
        assignment.unknown.push_back(name);
        assignment.remarks.push_back(all.empty() ? "there is no container of " + key.service
                                                 : "no container of " + key.service +
                                                       " exposes a TCP port");
        return;
    }
    Behind behind(snapshot, assignment, key);
    const std::vector<const FleetContainer*> good = usable_of(all);
    if (good.empty()) assignment.remarks.push_back("no container of " + key.service + " is usable");
    for (const std::uint16_t port : ports) {
        assignment.routes.push_back(
            {name, key.service, port, options_of(all), behind.targets(good, port)});
    }
}

}  // namespace

std::string RouteTarget::address() const {
    table::Backend backend;
    backend.host = host;
    backend.port = port;
    return backend.to_string();
}

std::string Route::bind() const {
    return name.bind + ":" + std::to_string(port);  // IPv4, as all of 127.127.0.0/16
}

bool usable(const FleetContainer& member) {
    return member.container.running() && !member.stopping &&
           member.container.health != Health::kUnhealthy;
}

std::string summary(const Assignment& assignment, const std::set<std::string>& left_out) {
    std::string text;
    for (const Route& route : assignment.routes) {
        if (left_out.contains(route.bind())) continue;
        text += (text.empty() ? "" : ", ") + route.bind() + " -> " +
                std::to_string(route.targets.size()) + " of " + route.service;
    }
    return text.empty() ? "no backend" : text;
}

std::string Assignment::to_string() const {
    return client->container.name + "/" + join(names);
}

Assignment assignment_of(const Snapshot& snapshot, const AmbassadorPlace& place) {
    Assignment assignment;
    assignment.client = place.client;
    assignment.names = place.names;
    for (const ServedName& name : assignment.names)
        add_routes(snapshot, assignment, name);
    return assignment;
}

std::vector<Assignment> assignments(const Snapshot& snapshot) {
    std::vector<Assignment> all;
    for (const FleetContainer& ambassador : snapshot.ambassadors) {
        const FleetContainer* client = client_of(snapshot, ambassador);
        if (!ambassador.container.running() || !client || !client->container.running()) continue;
        all.push_back(assignment_of(snapshot, {client, names_of(ambassador.container)}));
        all.back().ambassador = &ambassador;
    }
    return all;
}

std::vector<std::string> words(const Assignment& assignment, const table::Table* current,
                               const std::set<std::string>& left_out) {
    std::vector<std::string> all;
    const auto group = [&](const std::string& frontend) {
        if (!all.empty()) all.emplace_back("+");
        all.push_back(frontend);
    };
    for (const Route& route : assignment.routes) {
        if (left_out.contains(route.bind())) continue;
        group(route.bind());
        all.insert(all.end(), route.options.begin(), route.options.end());
        for (const RouteTarget& target : route.targets) {
            all.push_back(target.address());
            if (target.weight != 1) all.push_back("weight=" + std::to_string(target.weight));
        }
    }
    for (const ServedName& name : assignment.unknown) {
        if (!current) continue;
        for (const table::Frontend& frontend : current->frontends) {
            const std::string bind = frontend.bind.to_string();
            if (bind.starts_with(name.bind + ":")) group(bind);
        }
    }
    return all;
}

}  // namespace amba::fleet
