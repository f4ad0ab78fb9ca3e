// Ports that a client holds itself, so that its ambassador cannot have them.
#include <algorithm>
#include <sstream>

#include "amba/core/endpoint.hpp"
#include "amba/fleet/plan.hpp"

namespace amba::fleet {

namespace {

// As net/tcp.cpp says it.
constexpr std::string_view kBefore = "cannot bind ";
constexpr std::string_view kAfter = ": the port is taken";

// "127.0.0.1:80" or "[::1]:80"; empty when it is neither.
std::pair<std::string, std::string> parts(const std::string& text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string::npos) return {};
    std::string address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
        address = address.substr(1, address.size() - 2);
    }
    return {address, text.substr(colon + 1)};
}

}  // namespace

std::optional<std::string> taken_address(std::string_view reason) {
    const std::size_t begin = reason.find(kBefore);
    if (begin == std::string_view::npos) return std::nullopt;
    const std::string_view rest = reason.substr(begin + kBefore.size());
    const std::size_t end = rest.find(kAfter);
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(rest.substr(0, end));
}

std::vector<PortListener> parse_listeners(std::string_view text) {
    std::vector<PortListener> all;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        PortListener one;
        if (words >> one.address >> one.pid >> std::ws && std::getline(words, one.command)) {
            all.push_back(std::move(one));
        }
    }
    return all;
}

// One on all addresses, of IPv4 or of both families, or another one on the very same.
const PortListener* in_the_way(const std::vector<PortListener>& listeners,
                               const std::string& address) {
    const auto [host, port] = parts(address);
    for (const PortListener& one : listeners) {
        const auto [its_host, its_port] = parts(one.address);
        if (its_port != port) continue;
        const auto its_address = core::Address::parse(its_host);
        if (its_host == host || (its_address && its_address->is_unspecified())) return &one;
    }
    return nullptr;
}

bool may_hold(const docker::Container& client, std::uint16_t port) {
    return std::count(client.exposed.begin(), client.exposed.end(), port) > 0 ||
           std::any_of(client.published.begin(), client.published.end(),
                       [&](const docker::Published& one) { return one.port == port; });
}

std::string held(const Assignment& assignment, const std::string& address,
                 const PortListener* listener) {
    const std::string& client = assignment.client->container.name;
    const std::string port = parts(address).second;
    std::string name = "another service";
    for (const Route& route : assignment.routes) {
        if (route.bind() == address) name = route.name.name;
    }
    std::string text = "cannot listen on " + address + ": ";
    if (listener == nullptr) {
        text += "a process in the network namespace of " + client + " holds port " + port;
    } else {
        text += (listener->command == "-" ? "a process" : listener->command) +
                (listener->pid > 0 ? " (pid " + std::to_string(listener->pid) + ")" : "") + " of " +
                client + " listens on " + listener->address;
    }
    return text + ", so that " + client + " reaches itself at " + name + ":" + port +
           "; let it listen on one address alone (its own, or 127.0.0.1) or on another port, or "
           "let " +
           name + " be served at another port";
}

}  // namespace amba::fleet
