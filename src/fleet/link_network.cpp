// Clients that have no network of their own. The Engine takes no extra_hosts of a container that is
// in another's network ("conflicting options: custom host-to-IP mapping and the network mode"), and
// gives it the /etc/hosts of that one: names for the one are names for both.
#include <algorithm>
#include <utility>

#include "fleet/link_plan.hpp"

namespace amba::fleet {

using core::quote;

namespace {

constexpr std::string_view kService = "service:";
constexpr std::string_view kContainer = "container:";

const Yaml& place_of_mode(const ComposeService& service) {
    for (const char* key : {"network_mode", "net"}) {
        if (const YamlPair* pair = service.written(key)) return pair->key;
    }
    return service.own->key;
}

}  // namespace

// "service:vpn", "container:x", "host", "none" or "".
std::string LinkPlanner::mode_of(const ComposeService& service) const {
    for (const ComposeService* one : everywhere(service.name)) {
        for (const char* key : {"network_mode", "net"}) {
            if (std::string mode = one->text(key); !mode.empty()) return mode;
        }
    }
    return {};
}

// Follows "service:X" to the service that has a network; nullptr: it is not in this file. In
// version 1 "container:X" may mean a service as well.
const ComposeService* LinkPlanner::owner_of_network(const ComposeService& service) const {
    const ComposeService* at = &service;
    for (std::size_t steps = 0; at && steps <= file_.services.size(); ++steps) {
        const std::string mode = mode_of(*at);
        if (mode.starts_with(kService)) {
            at = file_.find(mode.substr(kService.size()));
        } else if (mode.starts_with(kContainer)) {
            at = file_.has_services ? nullptr : file_.find(mode.substr(kContainer.size()));
        } else {
            return at;
        }
    }
    return nullptr;
}

void LinkPlanner::share_networks() {
    for (Client& client : clients_) {
        if (client.wants.empty()) continue;
        const ComposeService& service = *client.service;
        const std::string mode = mode_of(service);
        const ComposeService* owner = owner_of_network(service);
        const Yaml& where = place_of_mode(service);
        if (owner != &service) {
            move_wants(client, owner, where);
        } else if (mode == "none") {
            for (const Want& want : std::exchange(client.wants, {}))
                give_up(want, "it has no network: network_mode is none");
        } else if (mode == "host") {
            remark(where, "service " + quote(service.name) +
                              " is in the host's network: so is its ambassador, and the host and "
                              "others there share its addresses");
        }
    }
}

void LinkPlanner::move_wants(Client& client, const ComposeService* owner, const Yaml& where) {
    const std::string mode = mode_of(*client.service);
    const std::string other = quote(mode.substr(mode.find(':') + 1));
    if (!owner || mode_of(*owner) == "none") {
        for (const Want& want : std::exchange(client.wants, {})) {
            give_up(want, "it is in the network of " + other +
                              (owner ? ", which has none"
                                     : ", where the Engine takes no extra_hosts; give them to that "
                                       "one"));
        }
        return;
    }
    remark(where, "service " + quote(client.service->name) + " is in the network of " + other +
                      ": both share their ambassador, and as the Engine takes extra_hosts of the "
                      "owner alone, they are those of service " +
                      quote(owner->name));
    const auto at = static_cast<std::size_t>(owner - file_.services.data());
    Client& place = clients_[at];
    std::size_t position = place.links;
    for (const Want& want : place.wants)
        position = std::max(position, want.position);
    for (Want& want : std::exchange(client.wants, {})) {
        if (want.service == owner->name) {
            give_up(want, "it is in the network of that service");
            continue;
        }
        want.position = ++position;
        want.moved = true;
        place.wants.push_back(std::move(want));
    }
}

}  // namespace amba::fleet
