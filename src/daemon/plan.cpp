// Translates from the types of the table room to those of the proxy, and puts addresses in the
// place of names.
#include "daemon/plan.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace amba::daemon {

namespace {

// The checks of a frontend's backends: its own settings, with the type that a backend has for
// itself. One object for all that have the same.
class ChecksOf {
  public:
    explicit ChecksOf(const table::Frontend& frontend) : frontend_(frontend) {}
    std::shared_ptr<const core::Check> of(const table::Backend& backend) {
        const core::CheckType type = backend.check.value_or(frontend_.check.type);
        if (type == core::CheckType::kOff) return nullptr;
        auto& made = made_[type];
        if (!made) {
            core::Check check = frontend_.check;
            check.type = type;
            made = std::make_shared<const core::Check>(std::move(check));
        }
        return made;
    }

  private:
    const table::Frontend& frontend_;
    std::map<core::CheckType, std::shared_ptr<const core::Check>> made_;
};

// Weights of a name's places: see targets_of.
class Scale {
  public:
    Scale(const std::vector<names::ResolvedPlace>& places, int weight) : weight_(weight) {
        for (const names::ResolvedPlace& place : places) {
            if (place.leaving) continue;
            greatest_[place.backup] = std::max(greatest_[place.backup], place.weight);
        }
    }
    int weight(const names::ResolvedPlace& place) const {
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

names::BackendName name_of(const table::Frontend& frontend, const table::Backend& backend) {
    return {backend.host,     backend.port, frontend.family_both,
            frontend.resolve, backend.srv,  frontend.hold};
}

std::vector<names::BackendName> names_of(const table::Table& table) {
    std::map<std::pair<std::string, names::Hold>, names::BackendName> names;
    for (const auto& frontend : table.frontends) {
        for (const auto& backend : frontend.backends) {
            if (backend.literal()) continue;
            const names::BackendName name = name_of(frontend, backend);
            const auto [at, fresh] = names.try_emplace({name.key(), name.hold}, name);
            if (!fresh) at->second.resolve = std::min(at->second.resolve, name.resolve);
        }
    }
    std::vector<names::BackendName> out;
    for (auto& [key, name] : names)
        out.push_back(std::move(name));
    return out;
}

std::vector<proxy::Target> targets_of(const table::Frontend& frontend, const AddressesOf& addresses,
                                      const names::Names::Own& own) {
    std::vector<proxy::Target> out;
    std::vector<proxy::Target> leaving;
    out.reserve(frontend.backends.size());
    ChecksOf checks(frontend);
    for (const auto& backend : frontend.backends) {
        proxy::Target target;
        target.weight = backend.weight;
        target.backup = backend.backup;
        target.origin = backend.to_string();
        target.maxconn = static_cast<std::uint32_t>(backend.maxconn);
        target.slowstart = backend.slowstart;
        target.check = checks.of(backend);
        if (const auto literal = backend.literal()) {
            target.endpoint = *literal;
            out.push_back(std::move(target));
            continue;
        }
        const std::vector<names::ResolvedPlace> places = addresses(name_of(frontend, backend));
        const Scale scale(places, backend.weight);
        for (const names::ResolvedPlace& place : places) {
            if (own(place.endpoint)) continue;
            target.endpoint = place.endpoint;
            target.weight = scale.weight(place);
            target.backup = backend.backup || place.backup;
            (place.leaving ? leaving : out).push_back(target);
        }
    }
    // These come after all others: where one name has left, another may still lead.
    for (proxy::Target& target : leaving) {
        target.weight = 0;
        target.leaving = true;
        target.check = nullptr;
        out.push_back(std::move(target));
    }
    return out;
}

bool serves(const std::vector<proxy::Target>& targets) {
    return std::any_of(targets.begin(), targets.end(),
                       [](const proxy::Target& target) { return target.weight > 0; });
}

std::vector<names::BackendName> awaited(const table::Frontend& frontend,
                                        const AddressesOf& addresses) {
    std::vector<names::BackendName> out;
    for (const auto& backend : frontend.backends) {
        if (backend.weight == 0 || backend.literal()) continue;
        names::BackendName name = name_of(frontend, backend);
        if (addresses(name).empty()) out.push_back(std::move(name));
    }
    return out;
}

std::vector<proxy::Target> kept_targets(const table::Frontend& kept, const AddressesOf& addresses,
                                        const names::Names::Own& own) {
    std::vector<proxy::Target> out = targets_of(kept, addresses, own);
    std::erase_if(out, [&](const proxy::Target& target) { return own(target.endpoint); });
    return out;
}

names::Names::Own own_of(const table::Table& table, std::vector<core::Address> local) {
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

std::vector<std::string> unresolved(const std::vector<names::BackendName>& wanted,
                                    const names::Names& names) {
    std::vector<std::string> out;
    for (const names::BackendName& name : wanted) {
        const std::string origin = name.origin();
        if (!names.addresses(name).empty() || (!out.empty() && out.back() == origin)) continue;
        out.push_back(origin);
    }
    return out;
}

}  // namespace amba::daemon
