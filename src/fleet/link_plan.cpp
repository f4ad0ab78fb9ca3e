// Which links and dependencies become names of ambassadors, at which addresses, and which do not. A
// link that cannot become one stays: nothing is taken from a client that it is not given back.
#include "fleet/link_plan.hpp"

#include <algorithm>

#include "amba/fleet/snapshot.hpp"
#include "fleet/ambassador_address.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

// 127.127.0.0/16 without .0, .1 and .255 of each /24.
constexpr std::size_t kBlocks = 256;
constexpr std::size_t kPerBlock = 253;

// The addresses of one client.
class LinkAddresses {
  public:
    void occupy(const std::string& address) { taken_.insert(address); }

    // The address of that position, or the next that is free. Positions count from 1.
    std::optional<std::string> take(std::size_t position) {
        for (std::size_t at = position - 1; at < kBlocks * kPerBlock; ++at) {
            std::string address = "127.127." + std::to_string(at / kPerBlock) + "." +
                                  std::to_string(at % kPerBlock + 2);
            if (taken_.insert(address).second) return address;
        }
        return std::nullopt;
    }

  private:
    std::set<std::string> taken_;
};

const ComposeEntry* find(const std::vector<ComposeEntry>& entries, const std::string& name) {
    for (const ComposeEntry& entry : entries) {
        if (entry.name == name) return &entry;
    }
    return nullptr;
}

// The service that a name of an ambassador stands for.
std::string stands_for(const std::vector<ComposeEntry>& labels, const std::string& name) {
    const ComposeEntry* label = find(labels, kLinkLabel + name);
    return label ? label->value : name;
}

std::string of(const ComposeService& service) {
    return " of service " + quote(service.name);
}

// True: the dependency ends before the client starts, so that it serves nobody.
bool is_job(const Yaml& dependency) {
    const YamlPair* condition = dependency.find("condition");
    return condition && condition->value.text == "service_completed_successfully";
}

// Compose puts variables into values and not into keys of a mapping.
bool has_variable(const std::string& name) {
    return name.find('$') != std::string::npos;
}

// The item as one would write it: "db: pg" for a mapping in a list.
std::string shown(const Yaml& item) {
    if (!item.is_map() || item.pairs.size() != 1) return item.text;
    return item.pairs[0].key.text + ": " + item.pairs[0].value.text;
}

}  // namespace

std::vector<const ComposeService*> LinkPlanner::everywhere(const std::string& name) const {
    std::vector<const ComposeService*> all;
    if (const ComposeService* own = file_.find(name)) all.push_back(own);
    for (const ComposeFile& file : beside_) {
        if (const ComposeService* other = file.find(name)) all.push_back(other);
    }
    return all;
}

Result<std::vector<ComposeEntry>> LinkPlanner::entries(const ComposeService& service,
                                                       const char* key,
                                                       std::string_view dividers) const {
    std::vector<ComposeEntry> all;
    for (const ComposeService* one : everywhere(service.name)) {
        auto found = compose_entries(*one, key, dividers);
        if (!found) return found.error();
        for (ComposeEntry& entry : *found) {
            if (one != &service) entry.where = &service.own->key;
            all.push_back(std::move(entry));
        }
    }
    return all;
}

// The aliases of external_links: "CONTAINER:ALIAS" or "CONTAINER".
bool LinkPlanner::is_external(const std::string& service, const std::string& name) const {
    for (const ComposeService* one : everywhere(service)) {
        const Yaml* external = one->value("external_links");
        if (!external) continue;
        for (const Yaml& item : external->items) {
            if (split_colons(item.text).back() == name) return true;
        }
    }
    return false;
}

Result<std::vector<LinkPlan>> LinkPlanner::plan() {
    for (const ComposeService& service : file_.services)
        clients_.push_back({&service, {}, {}, 0});
    for (Client& client : clients_) {
        if (const YamlPair* external = client.service->written("external_links")) {
            remark(external->key, "external_links" + of(*client.service) +
                                      " stay: they are no services of this file");
        }
        if (auto done = links_of(client); !done) return done.error();
        if (auto done = dependencies_of(client); !done) return done.error();
    }
    share_networks();
    std::vector<LinkPlan> plans(clients_.size());
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        if (auto done = assign(clients_[i], plans[i]); !done) return done.error();
    }
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        const ComposeService& service = *clients_[i].service;
        plan_links(clients_[i], plans[i]);
        if (auto done = plan_ports(service, plans[i]); !done) return done.error();
        if (auto done = plan_volumes(service, plans[i]); !done) return done.error();
    }
    return plans;
}

// A link that is skipped uses its number up, as it did in the script.
Result<void> LinkPlanner::links_of(Client& client) {
    const ComposeService& service = *client.service;
    const Yaml* links = service.value("links");
    if (!links) return {};
    if (!links->is_list()) {
        return yaml_error(*links,
                          "links" + of(service) + ": expected a list of SERVICE or SERVICE:ALIAS");
    }
    client.links = links->items.size();
    for (std::size_t i = 0; i < links->items.size(); ++i) {
        const Yaml& link = links->items[i];
        const Yaml& where = link.is_null() ? *links : link;
        if (!link.is_scalar()) {
            return yaml_error(where, "link " + quote(shown(link)) + of(service) +
                                         (link.is_map() ? " is a mapping" : " is no word") +
                                         "; expected SERVICE or SERVICE:ALIAS, without a blank");
        }
        const std::vector<std::string> parts = split_colons(link.text);
        if (parts.size() > 2 || parts.front().empty() || parts.back().empty()) {
            return yaml_error(where, "link " + quote(link.text) + of(service) +
                                         "; expected SERVICE or SERVICE:ALIAS");
        }
        if (everywhere(parts.front()).empty()) {
            return yaml_error(link, "link " + quote(link.text) + of(service) +
                                        "; expected a service of this file" +
                                        (beside_.empty() ? "" : " or one beside it") +
                                        ", and there is no " + quote(parts.front()));
        }
        const auto index = static_cast<std::size_t>(&client - clients_.data());
        Want want{parts.front(), parts.back(), i + 1, &link, index, i};
        const PortKnowledge& known = known_ports(want.service);
        if (known.has_port) {
            client.wants.push_back(std::move(want));
        } else if (options_.drop_unknown) {
            remark(link, "Skipping link " + link.text + " in service " + service.name +
                             " (no port mapping defined). Your code will probably break." +
                             known.why_not);
        } else {
            give_up(want, "no port mapping defined");
        }
    }
    return {};
}

// The services of depends_on that no link names, neither now nor in what was made of links before.
// One without a known port may be a job, and is left.
Result<void> LinkPlanner::dependencies_of(Client& client) {
    const ComposeService& service = *client.service;
    const Yaml* dependencies = service.value("depends_on");
    if (!dependencies) return {};
    if (!dependencies->is_list() && !dependencies->is_map()) {
        return yaml_error(*dependencies,
                          "depends_on" + of(service) + ": expected a list or a mapping");
    }
    auto linked = linked_before(service);
    if (!linked) return linked.error();
    std::size_t position = client.links;
    const auto want = [&](const std::string& name, const Yaml& where) {
        if (everywhere(name).empty() || !linked->insert(name).second) return;
        const PortKnowledge& known = known_ports(name);
        const auto index = static_cast<std::size_t>(&client - clients_.data());
        Want one{name, name, position + 1, &where, index, {}};
        if (!known.has_port) return give_up(one, "no port mapping defined");
        ++position;
        client.wants.push_back(std::move(one));
    };
    for (const Yaml& item : dependencies->items)
        want(item.text, item);
    for (const YamlPair& pair : dependencies->pairs) {
        if (!is_job(pair.value)) want(pair.key.text, pair.key);
    }
    return {};
}

// The services that its links name, and those that links named of which ambassadors were made.
// These are with the service in whose network it is.
Result<std::set<std::string>> LinkPlanner::linked_before(const ComposeService& service) const {
    std::set<std::string> linked;
    for (const ComposeService* one : everywhere(service.name)) {
        const Yaml* links = one->value("links");
        if (!links) continue;
        for (const Yaml& link : links->items)
            linked.insert(split_colons(link.text).front());
    }
    const ComposeService* owner = owner_of_network(service);
    const ComposeService& place = owner ? *owner : service;
    const auto hosts = entries(place, "extra_hosts", "=:");
    if (!hosts) return hosts.error();
    const auto labels = entries(place, "labels", "=");
    if (!labels) return labels.error();
    for (const ComposeEntry& label : *labels) {
        if (!label.name.starts_with(kLinkLabel)) continue;
        const ComposeEntry* host =
            find(*hosts, label.name.substr(std::string_view(kLinkLabel).size()));
        if (host && is_ambassadors(host->value)) linked.insert(label.value);
    }
    return linked;
}

Result<void> LinkPlanner::assign(Client& client, LinkPlan& plan) {
    const ComposeService& service = *client.service;
    const auto hosts = entries(service, "extra_hosts", "=:");
    if (!hosts) return hosts.error();
    const auto labels = entries(service, "labels", "=");
    if (!labels) return labels.error();
    LinkAddresses addresses;
    for (const ComposeEntry& host : *hosts)
        addresses.occupy(host.value);
    std::map<std::string, std::string> meant;  // name -> service
    for (const Want& want : client.wants) {
        const auto known = meant.find(want.name);
        if (known != meant.end() && known->second != want.service) {
            if (want.moved) {
                give_up(want, quote(want.name) + " stands for " + quote(known->second) +
                                  " in the network that they share");
                continue;
            }
            return yaml_error(*want.where,
                              quote(want.name) + " stands for " + quote(known->second) +
                                  " already; expected another alias of " + quote(want.service));
        }
        if (known != meant.end()) continue;
        const auto can = can_be_named(service, want);
        if (!can) return can.error();
        if (!*can) continue;
        meant.emplace(want.name, want.service);
        if (const ComposeEntry* host = find(*hosts, want.name)) {
            if (want.moved && stands_for(*labels, want.name) != want.service) {
                give_up(want, quote(want.name) + " stands for " +
                                  quote(stands_for(*labels, want.name)) +
                                  " in the network that they share");
                continue;
            }
            if (!is_ambassadors(host->value)) {
                return yaml_error(*host->where, "extra_hosts" + of(service) + " has " +
                                                    quote(want.name) + " at " + quote(host->value) +
                                                    "; expected none, or an address in "
                                                    "127.127.0.0/16");
            }
        } else {
            auto address = addresses.take(want.position);
            if (!address) return yaml_error(*want.where, "127.127.0.0/16 has no address left");
            plan.hosts.push_back({want.name, std::move(*address),
                                  want.moved ? std::optional<std::size_t>() : want.link});
        }
        if (auto done = plan_label(service, want, plan); !done) return done;
    }
    return {};
}

// Is there a place for the name, and is it nobody else's?
Result<bool> LinkPlanner::can_be_named(const ComposeService& service, const Want& want) {
    if (is_external(service.name, want.name) ||
        is_external(clients_[want.client].service->name, want.name)) {
        give_up(want, "an external link has the name " + quote(want.name) + " too");
        return false;
    }
    if (!has_variable(want.name)) return true;
    for (const char* key : {"extra_hosts", "labels"}) {
        const auto known = entries(service, key, *key == 'l' ? "=" : "=:");
        if (!known) return known.error();
        const Yaml* value = service.value(key);
        if (!value || !value->is_map()) continue;
        const std::string name = *key == 'l' ? kLinkLabel + want.name : want.name;
        if (find(*known, name)) continue;
        give_up(want, std::string(key) + of(service) +
                          " are a mapping, in whose keys Compose does not replace variables; "
                          "expected a list");
        return false;
    }
    return true;
}

// extra_hosts cannot say whose name an alias is.
Result<void> LinkPlanner::plan_label(const ComposeService& service, const Want& want,
                                     LinkPlan& plan) {
    if (want.name == want.service) return {};
    const auto labels = entries(service, "labels", "=");
    if (!labels) return labels.error();
    const std::string key = kLinkLabel + want.name;
    if (const ComposeEntry* label = find(*labels, key)) {
        if (label->value == want.service) return {};
        return yaml_error(*label->where, "label " + key + of(service) + " is " +
                                             quote(label->value) + "; expected none, or " +
                                             quote(want.service));
    }
    plan.labels.emplace_back(key, want.service);
    return {};
}

// The key goes with its last entry, unless another list would then come through a merge key.
void LinkPlanner::plan_links(const Client& client, LinkPlan& plan) const {
    const ComposeService& service = *client.service;
    if (client.links == 0) {
        // Beside a merge key an empty one may be there to keep another out.
        const bool alone = !service.written(kMergeKey);
        if (alone && service.written("links")) plan.links_kept.emplace();
    } else if (client.kept.size() < client.links) {
        plan.links_kept = client.kept;
    }
}

void LinkPlanner::give_up(const Want& want, const std::string& why) {
    Client& client = clients_[want.client];
    const std::string& name = client.service->name;
    const PortKnowledge& known = known_ports(want.service);
    if (!want.link) {
        remark(*want.where, "Skipping dependency " + want.service + " in service " + name + " (" +
                                why + "): it gets no ambassador." + known.why_not);
        return;
    }
    if (client.kept.insert(*want.link).second) ++kept_;
    remark(*want.where, "Skipping link " + want.where->text + " in service " + name + " (" + why +
                            "): it stays a link." + known.why_not);
}

void LinkPlanner::remark(const Yaml& where, const std::string& text) {
    remarks_.push_back({where.line, core::one_line(text)});
}

}  // namespace amba::fleet
