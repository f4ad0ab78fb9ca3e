// Who ought to be there.
#include <algorithm>
#include <map>
#include <set>

#include "amba/fleet/plan.hpp"
#include "fleet/ambassador_address.hpp"

namespace amba::fleet {

namespace {

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const std::size_t end = std::min(text.find(',', begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

// A name that is given twice has the address that a resolver would find first.
std::vector<ServedName> names_of_client(const docker::Container& client) {
    std::vector<ServedName> names;
    for (const auto& [name, address] : client.extra_hosts) {
        const bool known =
            std::any_of(names.begin(), names.end(),
                        [&wanted = name](const ServedName& other) { return other.name == wanted; });
        if (!known && is_ambassadors(address)) names.push_back({name, address});
    }
    return names;
}

// Labels may have ids cut short, as `docker ps` prints them.
bool is_id(const std::string& label, const std::string& id) {
    return label.size() >= 12 && id.starts_with(label);
}

bool is_left_behind(const FleetContainer& ambassador, const FleetContainer& client) {
    return ambassador.container.started_us < client.container.started_us;
}

}  // namespace

std::string join(const std::vector<ServedName>& names, std::string ServedName::*part) {
    std::string text;
    for (const ServedName& name : names) {
        text += (text.empty() ? "" : ",") + name.*part;
    }
    return text;
}

std::string AmbassadorPlace::to_string() const {
    return client->container.name + "/" + join(names);
}

std::vector<AmbassadorPlace> places(const Snapshot& snapshot, bool per_client) {
    std::vector<AmbassadorPlace> all;
    for (const FleetContainer& client : snapshot.members) {
        if (!client.container.running() || snapshot.silent.contains(client.site)) continue;
        std::vector<ServedName> names = names_of_client(client.container);
        if (per_client && !names.empty()) {
            all.push_back({&client, std::move(names)});
        } else {
            for (ServedName& name : names)
                all.push_back({&client, {std::move(name)}});
        }
    }
    return all;
}

std::vector<ServedName> names_of(const docker::Container& ambassador) {
    const std::vector<std::string> names = split(ambassador.label(kNameLabel));
    const std::vector<std::string> binds = split(ambassador.label(kBindLabel));
    std::vector<ServedName> all;
    for (std::size_t i = 0; i < std::min(names.size(), binds.size()); ++i) {
        if (!names[i].empty() && !binds[i].empty()) all.push_back({names[i], binds[i]});
    }
    return all;
}

const FleetContainer* client_of(const Snapshot& snapshot, const FleetContainer& ambassador) {
    const std::string& label = ambassador.container.label(kClientLabel);
    for (const FleetContainer& member : snapshot.members) {
        if (member.site == ambassador.site && is_id(label, member.container.id)) return &member;
    }
    return nullptr;
}

// An ambassador whose client has stopped stays: it is of use again when its client is started, and
// goes when its client is removed.
FleetChanges changes(const Snapshot& snapshot, const std::vector<AmbassadorPlace>& wanted) {
    FleetChanges result;
    std::vector<bool> filled(wanted.size(), false);
    for (const FleetContainer& ambassador : snapshot.ambassadors) {
        const FleetContainer* client = client_of(snapshot, ambassador);
        const std::vector<ServedName> names = names_of(ambassador.container);
        if (client && !client->container.running()) {
            const std::vector<ServedName> all = names_of_client(client->container);
            const bool known = std::all_of(names.begin(), names.end(), [&](const ServedName& name) {
                return std::find(all.begin(), all.end(), name) != all.end();
            });
            if (known && !names.empty()) {
                ++result.kept;
                continue;
            }
        }
        const auto place = std::find_if(
            wanted.begin(), wanted.end(),
            [&](const AmbassadorPlace& one) { return one.client == client && one.names == names; });
        const auto index = static_cast<std::size_t>(place - wanted.begin());
        if (!client || place == wanted.end() || filled[index]) {
            result.orphans.push_back(&ambassador);
            continue;
        }
        filled[index] = true;
        // One that the Engine starts again and again is in its hands; but with a table in its
        // command it may never run, and nobody can tell it another one.
        const bool again = ambassador.container.status == "restarting";
        if (again && ambassador.container.command.size() > 1) {
            result.refused.push_back({&ambassador, *place});
            continue;
        }
        const bool runs = ambassador.container.running() || again;
        if (!runs || is_left_behind(ambassador, *client)) {
            result.stale.push_back(&ambassador);
        } else {
            ++result.kept;
        }
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!filled[i]) result.missing.push_back(wanted[i]);
    }
    // A client that was started just now is about to connect.
    std::stable_sort(result.missing.begin(), result.missing.end(),
                     [](const AmbassadorPlace& a, const AmbassadorPlace& b) {
                         return a.client->container.started_us > b.client->container.started_us;
                     });
    return result;
}

}  // namespace amba::fleet
