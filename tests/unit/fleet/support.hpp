// Snapshots put together by hand.
#pragma once

#include <string>
#include <vector>

#include "amba/fleet/plan.hpp"

namespace amba::fleet {

inline std::string id(const std::string& seed) {
    std::string text = seed;
    while (text.size() < 64)
        text += '0';
    return text;
}

// A running container of project `app`, on one network, started at second 1.
inline FleetContainer member(const std::string& service, const std::string& name,
                             const std::string& address, std::vector<std::uint16_t> ports = {}) {
    FleetContainer one;
    one.container.id = id(name);
    one.container.name = name;
    one.container.labels = {{kComposeProject, "app"}, {kComposeService, service}};
    one.container.status = "running";
    one.container.started_us = 1'000'000;
    one.container.network_mode = "app_default";
    one.container.attachments = {{"net1", "app_default", address, "", "172.18.0.1", ""}};
    one.container.exposed = std::move(ports);
    return one;
}

inline FleetContainer client(const std::string& name,
                             std::vector<std::pair<std::string, std::string>> extra_hosts) {
    FleetContainer one = member(name, name, "172.18.0.99");
    one.container.extra_hosts = std::move(extra_hosts);
    return one;
}

inline FleetContainer ambassador(const FleetContainer& client, const std::string& names,
                                 const std::string& binds) {
    FleetContainer one;
    one.container.id = id("amba-" + client.container.name + names);
    one.container.labels = {{kProjectLabel, "app"},
                            {kClientLabel, docker::short_id(client.container.id)},
                            {kNameLabel, names},
                            {kBindLabel, binds}};
    one.container.status = "running";
    one.container.started_us = client.container.started_us + 1;
    one.site = client.site;
    return one;
}

}  // namespace amba::fleet
