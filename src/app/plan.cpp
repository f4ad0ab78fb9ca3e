#include "app/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace amba::app {

namespace {

proxy::Settings settings_of(const table::Frontend& frontend) {
    proxy::Settings out;
    out.name = frontend.name;
    out.bind = frontend.bind;
    out.retries = frontend.retries;
    out.connect_timeout = frontend.timeouts.connect;
    out.idle_timeout = frontend.timeouts.idle;
    switch (frontend.removed.kind) {
        case table::Removed::Kind::kKeep: out.removed.kind = proxy::Removed::Kind::kKeep; break;
        case table::Removed::Kind::kDrain: out.removed.kind = proxy::Removed::Kind::kDrain; break;
        case table::Removed::Kind::kClose: out.removed.kind = proxy::Removed::Kind::kClose; break;
    }
    out.removed.drain = frontend.removed.drain;
    return out;
}

// Weights of a name's places: see targets_of.
class Scale {
  public:
    Scale(const std::vector<net::Place>& places, int weight) : weight_(weight) {
        for (const net::Place& place : places)
            greatest_[place.backup] = std::max(greatest_[place.backup], place.weight);
    }
    int weight(const net::Place& place) const {
        const std::int64_t product = std::int64_t{place.weight} * weight_;
        const std::int64_t greatest = std::int64_t{greatest_[place.backup]} * weight_;
        if (greatest <= table::kMaxWeight) return static_cast<int>(product);
        const std::int64_t scaled = (product * table::kMaxWeight + greatest / 2) / greatest;
        return static_cast<int>(std::max<std::int64_t>(scaled, 1));
    }

  private:
    int weight_;
    int greatest_[2] = {1, 1};
};

}  // namespace

net::Name name_of(const table::Frontend& frontend, const table::Backend& backend) {
    return {backend.host, backend.port, frontend.family_both, frontend.resolve, backend.srv};
}

std::vector<net::Name> names_of(const table::Table& table) {
    std::map<std::string, net::Name> names;
    for (const auto& frontend : table.frontends) {
        for (const auto& backend : frontend.backends) {
            if (backend.literal()) continue;
            const net::Name name = name_of(frontend, backend);
            const auto [at, fresh] = names.try_emplace(name.key(), name);
            if (!fresh) at->second.resolve = std::min(at->second.resolve, name.resolve);
        }
    }
    std::vector<net::Name> out;
    for (auto& [key, name] : names)
        out.push_back(std::move(name));
    return out;
}

std::vector<proxy::Target> targets_of(const table::Frontend& frontend, const AddressesOf& addresses,
                                      const net::Names::Own& own) {
    std::vector<proxy::Target> out;
    out.reserve(frontend.backends.size());
    for (const auto& backend : frontend.backends) {
        if (const auto literal = backend.literal()) {
            out.push_back({*literal, backend.weight, backend.backup, backend.to_string()});
            continue;
        }
        const std::vector<net::Place> places = addresses(name_of(frontend, backend));
        const Scale scale(places, backend.weight);
        for (const net::Place& place : places) {
            if (own(place.endpoint)) continue;
            out.push_back({place.endpoint, scale.weight(place), backend.backup || place.backup,
                           backend.to_string()});
        }
    }
    return out;
}

std::vector<proxy::Plan> plans_of(const table::Table& table, const AddressesOf& addresses,
                                  const net::Names::Own& own) {
    std::vector<proxy::Plan> out;
    for (const auto& frontend : table.frontends) {
        out.push_back({settings_of(frontend), targets_of(frontend, addresses, own), nullptr});
    }
    return out;
}

net::Names::Own own_of(const table::Table& table, std::vector<core::Address> local) {
    // Shared by all copies of the function: it may be thousands.
    const auto binds = std::make_shared<std::multimap<std::uint16_t, core::Bind>>();
    for (const auto& frontend : table.frontends) {
        binds->emplace(frontend.bind.endpoint.port, frontend.bind);
    }
    return [binds, local = std::move(local)](const core::Endpoint& endpoint) {
        const auto [from, to] = binds->equal_range(endpoint.port);
        return std::any_of(from, to,
                           [&](const auto& at) { return at.second.receives(endpoint, local); });
    };
}

std::vector<std::string> unresolved(const std::vector<net::Name>& wanted, const net::Names& names) {
    std::vector<std::string> out;
    for (const net::Name& name : wanted) {
        if (names.addresses(name).empty()) out.push_back(name.origin());
    }
    return out;
}

std::vector<std::string> not_in_effect(const table::Table& table) {
    std::set<std::string> out;
    const table::Frontend plain;
    for (const auto& frontend : table.frontends) {
        if (frontend.balance != plain.balance) out.insert("balance other than roundrobin");
        if (frontend.maxconn != 0) out.insert("maxconn");
        if (frontend.empty != plain.empty) out.insert("empty=hold");
        if (!(frontend.check == plain.check)) out.insert("check");
        if (frontend.timeouts.queue != plain.timeouts.queue) out.insert("timeouts.queue");
        for (const auto& backend : frontend.backends) {
            if (backend.maxconn != 0) out.insert("maxconn");
            if (backend.check) out.insert("check");
            if (backend.slowstart.count() != 0) out.insert("slowstart");
        }
    }
    return {out.begin(), out.end()};
}

}  // namespace amba::app
