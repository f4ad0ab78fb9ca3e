// How containers reach each other: by a network of both, or else by a published port.
#include "fleet/reach.hpp"

#include <algorithm>
#include <string_view>

#include "amba/core/endpoint.hpp"

namespace amba::fleet {

namespace {

using docker::Attachment;
using docker::Container;

constexpr std::string_view kOthers = "container:";

// Whose network namespace a container is in, when it is another's: a client may share it with
// others already.
const Container& owner(const Snapshot& snapshot, const FleetContainer& member) {
    const std::string_view mode = member.container.network_mode;
    if (!mode.starts_with(kOthers)) return member.container;
    const std::string_view id = mode.substr(kOthers.size());
    const auto other = std::find_if(
        snapshot.members.begin(), snapshot.members.end(), [&](const FleetContainer& one) {
            return one.site == member.site && (one.container.id == id || one.container.name == id);
        });
    return other == snapshot.members.end() ? member.container : other->container;
}

bool is_host(const Container& container) {
    return container.network_mode == "host";
}

// An address on a network that both share; IPv4 where both have it.
std::optional<std::string> shared_address(const Container& client, const Container& backend) {
    std::optional<std::string> found;
    for (const Attachment& ours : client.attachments) {
        for (const Attachment& theirs : backend.attachments) {
            if (ours.network_id.empty() || ours.network_id != theirs.network_id) continue;
            if (!theirs.address.empty()) return theirs.address;
            if (!theirs.address6.empty()) found = theirs.address6;
        }
    }
    return found;
}

std::string own_address(const Container& container) {
    for (const Attachment& network : container.attachments) {
        if (!network.address.empty()) return network.address;
    }
    for (const Attachment& network : container.attachments) {
        if (!network.address6.empty()) return network.address6;
    }
    return {};
}

// The Engine's host, as the client sees it; empty: it does not.
std::string host_address(const Container& client) {
    if (is_host(client)) return "127.0.0.1";
    for (const Attachment& network : client.attachments) {
        if (!network.gateway.empty()) return network.gateway;
    }
    return {};
}

std::optional<Reached> by_published_port(const Snapshot& snapshot, const FleetContainer& client,
                                         const FleetContainer& backend, std::uint16_t port) {
    const bool same_site = client.site == backend.site;
    const Container& from = owner(snapshot, client);
    const std::string host = same_site ? host_address(from) : snapshot.addresses[backend.site];
    for (const docker::Published& published : owner(snapshot, backend).published) {
        if (published.port != port) continue;
        const auto bound = core::Address::parse(published.host_address);
        if (!bound || bound->is_unspecified()) {
            if (!host.empty()) return Reached{host, published.host_port};
        } else if (!bound->is_loopback() || (same_site && is_host(from))) {
            return Reached{published.host_address, published.host_port};
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<Reached> reach(const Snapshot& snapshot, const FleetContainer& client,
                             const FleetContainer& backend, std::uint16_t port) {
    if (client.site == backend.site) {
        const Container& from = owner(snapshot, client);
        const Container& to = owner(snapshot, backend);
        if (const auto address = shared_address(from, to)) return Reached{*address, port};
        // The host has a way into each of its bridges, and everybody on them one to the host.
        if (is_host(from) && !is_host(to)) {
            const std::string address = own_address(to);
            if (!address.empty()) return Reached{address, port};
        }
        if (is_host(to)) {
            const std::string address = host_address(from);
            if (!address.empty()) return Reached{address, port};
        }
    }
    return by_published_port(snapshot, client, backend, port);
}

}  // namespace amba::fleet
