// From the Engine's JSON, of any API version, to what a fleet asks for.
#include "amba/docker/container.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "amba/core/endpoint.hpp"
#include "amba/core/rfc3339.hpp"
#include "docker/container_json.hpp"

namespace amba::docker {

namespace {

constexpr std::size_t kShortId = 12;

// "80/tcp", or "80" in the configuration of an old image; nullopt for another protocol.
std::optional<std::uint16_t> tcp_port(std::string_view text) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view protocol = text.substr(slash);
    if (!protocol.empty() && protocol != "/tcp") return std::nullopt;
    return core::parse_port(text.substr(0, slash));
}

Health health_of(const Value& status) {
    const std::string text = status.text();
    if (text.empty() || text == "none") return Health::kNone;
    if (text == "starting") return Health::kStarting;
    if (text == "healthy") return Health::kHealthy;
    if (text == "unhealthy") return Health::kUnhealthy;
    status.fail("is " + core::quote(text) + "; expected none, starting, healthy or unhealthy");
}

// The Engine's time of what never was is that of Go: the year 1.
std::int64_t time_of(const Value& value) {
    const std::string text = value.text();
    if (text.empty()) return 0;
    const auto time = core::parse_rfc3339(text);
    if (!time) value.fail("is " + core::quote(text) + "; expected a time of RFC 3339");
    return std::max<std::int64_t>(*time, 0);
}

std::vector<Attachment> attachments_of(const Value& networks) {
    std::vector<Attachment> out;
    networks.each_member([&](const std::string& name, const Value& network) {
        out.push_back({network["NetworkID"].text(), name, network["IPAddress"].text(),
                       network["GlobalIPv6Address"].text(), network["Gateway"].text(),
                       network["IPv6Gateway"].text()});
    });
    return out;
}

std::vector<Published> published_of(const Value& ports) {
    std::vector<Published> out;
    ports.each_member([&](const std::string& key, const Value& places) {
        const auto port = tcp_port(key);
        if (!port) return;
        places.each([&](const Value& place) {
            // A port that is yet to be chosen is "" or "0".
            const auto host_port = core::parse_port(place["HostPort"].text());
            if (host_port) out.push_back({*port, place["HostIp"].text(), *host_port});
        });
    });
    std::stable_sort(out.begin(), out.end(),
                     [](const Published& a, const Published& b) { return a.port < b.port; });
    return out;
}

// "NAME:ADDRESS", where an address of IPv6 has more colons, or "NAME=ADDRESS" and brackets as newer
// clients write it.
std::vector<std::pair<std::string, std::string>> extra_hosts_of(const Value& entries) {
    std::vector<std::pair<std::string, std::string>> out;
    entries.each([&](const Value& entry) {
        const std::string text = entry.text();
        const std::size_t cut = text.find_first_of(":=");
        if (cut == std::string::npos)
            entry.fail("is " + core::quote(text) + "; expected NAME:ADDRESS");
        std::string address = text.substr(cut + 1);
        if (address.starts_with('[') && address.ends_with(']')) {
            address = address.substr(1, address.size() - 2);
        }
        out.emplace_back(text.substr(0, cut), std::move(address));
    });
    return out;
}

std::vector<Mount> mounts_of(const Value& mounts) {
    std::vector<Mount> out;
    mounts.each([&](const Value& one) {
        out.push_back({one["Type"].text(), one["Driver"].text(), one["Source"].text(),
                       one["Destination"].text()});
    });
    return out;
}

}  // namespace

const std::string& Container::label(const std::string& key) const {
    static const std::string kNone;
    const auto found = labels.find(key);
    return found == labels.end() ? kNone : found->second;
}

std::string short_id(const std::string& id) {
    return id.substr(0, kShortId);
}

std::vector<std::uint16_t> exposed_ports(const Value& ports) {
    std::vector<std::uint16_t> out;
    ports.each_member([&](const std::string& key, const Value&) {
        if (const auto port = tcp_port(key)) out.push_back(*port);
    });
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Container container_of(const Value& root) {
    const Value config = root["Config"];
    const Value state = root["State"];
    const Value host = root["HostConfig"];
    const Value network = root["NetworkSettings"];
    Container out;
    out.id = root["Id"].needed_text();
    out.name = root["Name"].needed_text();
    if (out.name.starts_with('/')) out.name.erase(0, 1);
    out.image = config["Image"].text();
    out.image_id = root["Image"].text();
    config["Cmd"].each([&](const Value& word) { out.command.push_back(word.text()); });
    out.labels = config["Labels"].labels();
    out.status = state["Status"].needed_text();
    out.health = health_of(state["Health"]["Status"]);
    out.stop_signal = config["StopSignal"].text();
    out.stop_seconds = config["StopTimeout"].number();
    out.created_us = time_of(root["Created"]);
    out.started_us = time_of(state["StartedAt"]);
    out.network_mode = host["NetworkMode"].text();
    out.restart_policy = host["RestartPolicy"]["Name"].text();
    out.attachments = attachments_of(network["Networks"]);
    out.exposed = exposed_ports(config["ExposedPorts"]);
    out.published = published_of(network["Ports"]);
    out.extra_hosts = extra_hosts_of(host["ExtraHosts"]);
    out.mounts = mounts_of(root["Mounts"]);
    return out;
}

}  // namespace amba::docker
