#include "fleet/link_plan.hpp"

#include <algorithm>

#include "amba/core/endpoint.hpp"
#include "amba/fleet/snapshot.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

// 127.127.0.0/16 without .0, .1 and .255 of each /24.
constexpr std::size_t kBlocks = 256;
constexpr std::size_t kPerBlock = 253;

bool is_ambassadors(const std::string& address) {
    const auto parsed = core::Address::parse(address);
    return parsed && !parsed->is_v6() && parsed->bytes()[0] == 127 && parsed->bytes()[1] == 127;
}

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

std::string of(const ComposeService& service) {
    return " of service " + quote(service.name);
}

// What ends before the client starts serves no one.
bool is_job(const Yaml& dependency) {
    const YamlPair* condition = dependency.find("condition");
    return condition && condition->value.text == "service_completed_successfully";
}

}  // namespace

Result<LinkPlan> LinkPlanner::plan(const ComposeService& service) {
    LinkPlan plan;
    if (auto done = plan_hosts(service, plan); !done) return done.error();
    if (auto done = plan_ports(service, plan); !done) return done.error();
    if (auto done = plan_volumes(service, plan); !done) return done.error();
    return plan;
}

Result<void> LinkPlanner::plan_hosts(const ComposeService& service, LinkPlan& plan) {
    if (const YamlPair* external = service.written("external_links")) {
        remark(external->key,
               "external_links" + of(service) + " stay: they are no services of this file");
    }
    auto wants = links_of(service);
    if (!wants) return wants.error();
    plan.drop_links = service.written("links") != nullptr;
    const Yaml* links = service.value("links");
    const auto more = dependencies_of(service, *wants, links ? links->items.size() : 0);
    if (!more) return more.error();
    wants->insert(wants->end(), more->begin(), more->end());
    if (!wants->empty()) remark_of_network(service);
    return assign(service, *wants, plan);
}

// A link that is skipped uses its number up, as it did in the script.
Result<LinkPlanner::Wants> LinkPlanner::links_of(const ComposeService& service) {
    Wants wants;
    const Yaml* links = service.value("links");
    if (!links) return wants;
    if (!service.written("links")) return service.elsewhere("links");
    if (!links->is_list()) {
        return yaml_error(*links,
                          "links" + of(service) + ": expected a list of SERVICE or SERVICE:ALIAS");
    }
    for (std::size_t i = 0; i < links->items.size(); ++i) {
        const Yaml& link = links->items[i];
        const std::vector<std::string> parts = split_colons(link.text);
        if (!link.is_scalar() || parts.size() > 2 || parts.front().empty() ||
            parts.back().empty()) {
            return yaml_error(
                link.is_null() ? *links : link,
                "link " + quote(link.text) + of(service) + "; expected SERVICE or SERVICE:ALIAS");
        }
        if (!file_.find(parts.front())) {
            return yaml_error(link, "link " + quote(link.text) + of(service) +
                                        "; expected a service of this file, and there is no " +
                                        quote(parts.front()));
        }
        const Known& known = known_ports(parts.front());
        if (!known.has_port) {
            remark(link, "Skipping link " + link.text + " in service " + service.name +
                             " (no port mapping defined). Your code will probably break." +
                             (known.why_not.empty() ? "" : " Its image: " + known.why_not));
            continue;
        }
        wants.push_back({parts.front(), parts.back(), i + 1, &link});
    }
    return wants;
}

// The services of depends_on that no link names, neither now nor in what was made of links before.
// One without a known port may be a job, and is left.
Result<LinkPlanner::Wants> LinkPlanner::dependencies_of(const ComposeService& service,
                                                        const Wants& links, std::size_t position) {
    Wants wants;
    const Yaml* dependencies = service.value("depends_on");
    if (!dependencies) return wants;
    if (!dependencies->is_list() && !dependencies->is_map()) {
        return yaml_error(*dependencies,
                          "depends_on" + of(service) + ": expected a list or a mapping");
    }
    const auto hosts = compose_entries(service, "extra_hosts", "=:");
    if (!hosts) return hosts.error();
    const auto labels = compose_entries(service, "labels", "=");
    if (!labels) return labels.error();
    std::set<std::string> linked;
    for (const Want& link : links)
        linked.insert(link.service);
    for (const ComposeEntry& label : *labels) {
        if (!label.name.starts_with(kLinkLabel)) continue;
        const ComposeEntry* host =
            find(*hosts, label.name.substr(std::string_view(kLinkLabel).size()));
        if (host && is_ambassadors(host->value)) linked.insert(label.value);
    }
    const auto want = [&](const std::string& name, const Yaml& where) {
        if (!file_.find(name) || !linked.insert(name).second) return;
        if (known_ports(name).has_port) wants.push_back({name, name, ++position, &where});
    };
    for (const Yaml& item : dependencies->items)
        want(item.text, item);
    for (const YamlPair& pair : dependencies->pairs) {
        if (!is_job(pair.value)) want(pair.key.text, pair.key);
    }
    return wants;
}

Result<void> LinkPlanner::assign(const ComposeService& service, const Wants& wants,
                                 LinkPlan& plan) {
    const auto hosts = compose_entries(service, "extra_hosts", "=:");
    if (!hosts) return hosts.error();
    LinkAddresses addresses;
    for (const ComposeEntry& host : *hosts)
        addresses.occupy(host.value);
    std::map<std::string, std::string> meant;  // name -> service
    for (const Want& want : wants) {
        const auto [known, fresh] = meant.emplace(want.name, want.service);
        if (!fresh && known->second != want.service) {
            return yaml_error(*want.where, quote(want.name) + " stands for " +
                                               quote(known->second) +
                                               " already; expected "
                                               "another alias of " +
                                               quote(want.service));
        }
        if (!fresh) continue;
        if (const ComposeEntry* host = find(*hosts, want.name)) {
            if (!is_ambassadors(host->value)) {
                return yaml_error(*host->where, "extra_hosts" + of(service) + " has " +
                                                    quote(want.name) + " at " + quote(host->value) +
                                                    "; expected none, or an address in "
                                                    "127.127.0.0/16");
            }
        } else {
            auto address = addresses.take(want.position);
            if (!address) return yaml_error(*want.where, "127.127.0.0/16 has no address left");
            plan.hosts.emplace_back(want.name, std::move(*address));
        }
        if (auto done = plan_label(service, want, plan); !done) return done;
    }
    const bool own = service.written("extra_hosts") || !service.value("extra_hosts");
    if (!plan.hosts.empty() && !own) return service.elsewhere("extra_hosts");
    return {};
}

// extra_hosts cannot say whose name an alias is.
Result<void> LinkPlanner::plan_label(const ComposeService& service, const Want& want,
                                     LinkPlan& plan) {
    if (want.name == want.service) return {};
    const auto labels = compose_entries(service, "labels", "=");
    if (!labels) return labels.error();
    const std::string key = kLinkLabel + want.name;
    if (const ComposeEntry* label = find(*labels, key)) {
        if (label->value == want.service) return {};
        return yaml_error(*label->where, "label " + key + of(service) + " is " +
                                             quote(label->value) + "; expected none, or " +
                                             quote(want.service));
    }
    if (service.value("labels") && !service.written("labels")) return service.elsewhere("labels");
    plan.labels.emplace_back(key, want.service);
    return {};
}

void LinkPlanner::remark_of_network(const ComposeService& service) {
    for (const char* key : {"network_mode", "net"}) {
        const std::string mode = service.text(key);
        const YamlPair* pair = service.written(key);
        const Yaml& where = pair ? pair->key : service.own->key;
        if (mode == "host") {
            remark(where, "service " + quote(service.name) +
                              " is in the host's network: so is its ambassador, and the host and "
                              "others there share its addresses");
        } else if (mode.starts_with("service:") || mode.starts_with("container:")) {
            remark(where, "service " + quote(service.name) + " is in the network of " +
                              quote(mode.substr(mode.find(':') + 1)) +
                              ": both share their ambassador, and the Engine takes extra_hosts "
                              "there alone");
        }
    }
}

void LinkPlanner::remark(const Yaml& where, std::string text) {
    remarks_.push_back({where.line, core::one_line(text)});
}

}  // namespace amba::fleet
