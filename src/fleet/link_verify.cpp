// Does what a plan asks for to the tree that was read: the edited text must say the same.
#include "fleet/link_verify.hpp"

#include <algorithm>

namespace amba::fleet {

namespace {

constexpr const char* kPlain = "?";
constexpr const char* kQuoted = "!";

Yaml scalar(const std::string& text, const char* tag) {
    Yaml made;
    made.kind = Yaml::Kind::kScalar;
    made.tag = tag;
    made.text = text;
    return made;
}

Yaml empty(Yaml::Kind kind) {
    Yaml made;
    made.kind = kind;
    made.tag = kPlain;
    return made;
}

YamlPair* find(Yaml& map, std::string_view key) {
    for (YamlPair& pair : map.pairs) {
        if (pair.key.text == key) return &pair;
    }
    return nullptr;
}

void erase(Yaml& map, std::string_view key) {
    std::erase_if(map.pairs, [&](const YamlPair& pair) { return pair.key.text == key; });
}

// The value of that key; one that is missing is made, and empty.
Yaml& at(Yaml& service, const char* key, Yaml::Kind kind) {
    YamlPair* pair = find(service, key);
    if (!pair) {
        service.pairs.push_back({scalar(key, kPlain), Yaml()});
        pair = &service.pairs.back();
    }
    if (pair->value.is_null()) pair->value = empty(kind);
    return pair->value;
}

// Compose replaces variables in the entries of a list, and not in the keys of a mapping.
void add(Yaml& service, const char* key, const LinkPlan::Entries& entries, const char* divider,
         bool plain) {
    if (entries.empty()) return;
    const bool variable = std::any_of(entries.begin(), entries.end(), [](const auto& entry) {
        return entry.first.find('$') != std::string::npos;
    });
    Yaml& value = at(service, key, variable ? Yaml::Kind::kList : Yaml::Kind::kMap);
    for (const auto& [name, text] : entries) {
        if (value.is_list()) {
            std::string entry = name;
            entry.append(divider).append(text);
            value.items.push_back(scalar(entry, kQuoted));
        } else {
            const bool quoted = !plain && yaml_scalar(text) != text;
            value.pairs.push_back({scalar(name, kPlain), scalar(text, quoted ? kQuoted : kPlain)});
        }
    }
}

// Removes the key, or leaves an empty list where another would come through a merge key.
void clear(Yaml& service, const ComposeService& before, const char* key) {
    erase(service, key);
    if (before.inherits(key)) at(service, key, Yaml::Kind::kList);
}

void change_links(Yaml& service, const LinkPlan& plan, const ComposeService& before) {
    if (!plan.links_kept) return;
    YamlPair* links = find(service, "links");
    std::vector<Yaml> kept;
    for (const std::size_t index : *plan.links_kept)
        kept.push_back(links->value.items[index]);
    if (kept.empty()) return clear(service, before, "links");
    links->value.items = std::move(kept);
}

void change_ports(Yaml& service, const LinkPlan& plan, const ComposeService& before) {
    if (plan.ports) {
        clear(service, before, "ports");
        if (plan.ports->empty()) return;
        Yaml& list = at(service, "ports", Yaml::Kind::kList);
        for (const std::string& port : *plan.ports)
            list.items.push_back(scalar(port, kQuoted));
        return;
    }
    for (const auto& [index, text] : plan.ports_changed)
        find(service, "ports")->value.items[index] = scalar(text, kQuoted);
    for (const std::size_t index : plan.ports_unpublished)
        erase(find(service, "ports")->value.items[index], "published");
}

void change(Yaml& service, const LinkPlan& plan, const ComposeService& before) {
    LinkPlan::Entries hosts;
    for (const LinkPlan::Host& host : plan.hosts)
        hosts.emplace_back(host.name, host.address);
    add(service, "extra_hosts", hosts, ":", true);
    add(service, "labels", plan.labels, "=", false);
    change_links(service, plan, before);
    change_ports(service, plan, before);
    if (plan.volumes_dropped.empty()) return;
    std::vector<Yaml>& volumes = find(service, "volumes")->value.items;
    for (auto index = plan.volumes_dropped.rbegin(); index != plan.volumes_dropped.rend(); ++index)
        volumes.erase(volumes.begin() + static_cast<std::ptrdiff_t>(*index));
    if (volumes.empty()) clear(service, before, "volumes");
}

// The mapping in which the services are.
Yaml& services_of(Yaml& root, bool below) {
    return below ? find(root, "services")->value : root;
}

}  // namespace

bool is_as_planned(const ComposeFile& before, const std::vector<LinkPlan>& plans,
                   std::string_view after) {
    Yaml expected = before.whole;
    Yaml& services = services_of(expected, before.has_services);
    for (std::size_t i = 0; i < plans.size(); ++i)
        change(find(services, before.services[i].name)->value, plans[i], before.services[i]);
    const auto written = parse_yaml(after);
    if (!written) return false;
    const auto whole = resolve(*written);
    return whole && same(expected, *whole);
}

}  // namespace amba::fleet
