// Which TCP ports a service has, and what becomes of its `ports`.
#include <algorithm>

#include "amba/core/endpoint.hpp"
#include "fleet/dockerfile.hpp"
#include "fleet/known_images.hpp"
#include "fleet/link_plan.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

bool is_port_or_range(const std::string& text) {
    if (text.find('$') != std::string::npos) return true;  // some port, once Compose knows it
    const std::size_t dash = text.find('-');
    if (!core::parse_port(text.substr(0, dash))) return false;
    return dash == std::string::npos || core::parse_port(text.substr(dash + 1));
}

// "8000:80", "80", "3000-3005", "53/udp"
bool is_tcp(const std::string& entry) {
    const std::string container = split_colons(entry).back();
    const std::size_t slash = container.find('/');
    if (slash != std::string::npos && container.substr(slash + 1) != "tcp") return false;
    return is_port_or_range(container.substr(0, slash));
}

bool is_tcp(const Yaml& entry) {
    if (entry.is_scalar()) return is_tcp(entry.text);
    const YamlPair* target = entry.find("target");
    const YamlPair* protocol = entry.find("protocol");
    if (protocol && protocol->value.text != "tcp") return false;
    return target && is_port_or_range(target->value.text);
}

bool lists_tcp(const Yaml* list) {
    return list && std::any_of(list->items.begin(), list->items.end(),
                               [](const Yaml& entry) { return is_tcp(entry); });
}

// The host's address stays: a port that is for the host alone is not to be seen by others.
std::string without_host_port(const std::string& entry) {
    std::vector<std::string> parts = split_colons(entry);
    if (parts.size() < 2) return entry;
    std::string out;
    for (std::size_t i = 0; i + 2 < parts.size(); ++i)
        out += parts[i] + ":";
    return (out.empty() ? "" : out + ":") + parts.back();
}

// The scalar of that key, or "".
std::string text_of(const Yaml* map, const char* key) {
    const YamlPair* pair = map ? map->find(key) : nullptr;
    return pair && pair->value.is_scalar() ? pair->value.text : std::string();
}

// The path of its Dockerfile from the Compose file's directory; nullopt where the context is no
// directory, or has a variable that only Compose knows.
std::optional<std::string> dockerfile_of(const ComposeService& service) {
    const Yaml* build = service.value("build");
    if (!build) return std::nullopt;
    const bool is_short = build->is_scalar();
    std::string context = is_short ? build->text : text_of(build, "context");
    std::string name = is_short ? service.text("dockerfile") : text_of(build, "dockerfile");
    if (context.empty()) context = ".";
    if (name.empty()) name = "Dockerfile";
    const bool remote = context.find("://") != std::string::npos || context.starts_with("git@") ||
                        context.starts_with("github.com/");
    if (remote || (context + name).find('$') != std::string::npos) return std::nullopt;
    if (name.starts_with('/')) return name;
    if (context.starts_with("./") && context.size() > 2) context.erase(0, 2);
    if (context == "." || context == "./") return name;
    return context + (context.ends_with('/') ? "" : "/") + name;
}

// True: the list names these ports already.
bool lists(const Yaml* list, const std::vector<std::string>& ports) {
    if (!list || !list->is_list() || list->items.size() != ports.size()) return false;
    return std::equal(ports.begin(), ports.end(), list->items.begin(),
                      [](const std::string& port, const Yaml& item) {
                          return item.is_scalar() && item.text == port;
                      });
}

}  // namespace

const LinkPlanner::PortKnowledge& LinkPlanner::known_ports(const std::string& service) {
    const auto [found, fresh] = known_.try_emplace(service);
    PortKnowledge& known = found->second;
    if (!fresh) return known;
    if (options_.ports) {
        known.has_port = options_.ports->count(service) != 0;
        return known;
    }
    const auto all = everywhere(service);
    known.has_port = std::any_of(all.begin(), all.end(), [](const ComposeService* one) {
        return lists_tcp(one->value("expose")) || lists_tcp(one->value("ports"));
    });
    for (const ComposeService* one : all) {
        for (auto ask : {&LinkPlanner::ask_build, &LinkPlanner::ask_image}) {
            // A file that only adds to the service has no image or Dockerfile to ask.
            const bool tells = one->value("build") || one->value("image") || all.size() == 1;
            if (known.has_port || !tells) continue;
            const PortKnowledge asked = (this->*ask)(*one);
            known.has_port = asked.has_port;
            known.why_not += asked.why_not;
        }
    }
    return known;
}

// What its Dockerfile exposes, or the image that this is built from.
LinkPlanner::PortKnowledge LinkPlanner::ask_build(const ComposeService& service) const {
    PortKnowledge known;
    const auto path = dockerfile_of(service);
    if (!path || !options_.read_file) return known;
    const auto text = options_.read_file(*path);
    if (!text) {
        known.why_not = " Its Dockerfile: " + text.error().reason + ".";
        return known;
    }
    const Yaml* build = service.value("build");
    const DockerfilePorts found = dockerfile_ports(*text, text_of(build, "target"));
    known.has_port = !found.tcp.empty() || !known_image_ports(found.base).empty();
    if (known.has_port) return known;
    known.why_not = found.unknown.empty() ? " Its Dockerfile " + *path + " has no EXPOSE."
                                          : " Its Dockerfile " + *path + " has EXPOSE " +
                                                found.unknown + ", whose value is not known there.";
    if (found.base.empty() || !options_.image_ports) return known;
    const auto ports = options_.image_ports(found.base);
    known.has_port = ports && !ports->empty();
    return known;
}

// An image that Compose built is PROJECT-SERVICE, and with docker-compose 1.x PROJECT_SERVICE.
LinkPlanner::PortKnowledge LinkPlanner::ask_image(const ComposeService& service) const {
    PortKnowledge known;
    if (!service.value("build") && !known_image_ports(service.text("image")).empty())
        return {true, {}};
    if (!options_.image_ports) return known;
    std::vector<std::string> images;
    if (const std::string image = service.text("image"); !image.empty()) {
        images = {image};
    } else {
        const YamlPair* name = file_.has_services ? file_.whole.find("name") : nullptr;
        std::string project = options_.project;
        if (project.empty() && name) project = name->value.text;
        if (project.empty()) project = options_.directory;
        images = {project + "-" + service.name, project + "_" + service.name};
        if (project.empty()) return known;
    }
    for (const std::string& image : images) {
        if (image.find('$') != std::string::npos) continue;
        const auto ports = options_.image_ports(image);
        if (ports && !ports->empty()) return {true, {}};
        if (!ports && known.why_not.empty()) known.why_not = " Its image: " + ports.error().reason;
    }
    return known;
}

Result<void> LinkPlanner::plan_ports(const ComposeService& service, LinkPlan& plan) {
    const Yaml* ports = service.value("ports");
    if (ports && !ports->is_list()) {
        return yaml_error(*ports, "ports of service " + quote(service.name) + ": expected a list");
    }
    if (options_.keep_ports) return {};
    return options_.ports ? plan_listed_ports(service, plan) : plan_random_ports(service, plan);
}

// With a ports.yml: what it lists, and nothing else.
Result<void> LinkPlanner::plan_listed_ports(const ComposeService& service, LinkPlan& plan) {
    std::vector<std::string> wanted;
    if (const auto found = options_.ports->find(service.name); found != options_.ports->end()) {
        for (const std::uint16_t port : found->second)
            wanted.push_back(std::to_string(port));
    }
    const Yaml* ports = service.value("ports");
    const YamlPair* written = service.written("ports");
    if (wanted.empty() ? !ports && !written : lists(ports, wanted)) return {};
    const bool keeps_out = written && service.written(kMergeKey) && ports && ports->items.empty();
    if (wanted.empty() && keeps_out) return {};
    const Yaml& where = written ? written->key : service.own->key;
    if (ports && wanted.empty()) {
        remark(where, "ports of service " + quote(service.name) +
                          " are gone: ports.yml does not list it (--keep-ports leaves them)");
    } else if (ports) {
        remark(where, "ports of service " + quote(service.name) +
                          " are those of ports.yml now, on random ports of the host (--keep-ports "
                          "leaves them)");
    }
    plan.ports = std::move(wanted);
    return {};
}

// Without one: the ports stay, on random ports of the host.
Result<void> LinkPlanner::plan_random_ports(const ComposeService& service, LinkPlan& plan) {
    const Yaml* ports = service.value("ports");
    if (!ports) return {};
    std::string lost;
    const auto lose = [&](const std::string& entry) {
        lost += (lost.empty() ? "" : ", ") + entry;
    };
    for (std::size_t i = 0; i < ports->items.size(); ++i) {
        const Yaml& entry = ports->items[i];
        if (const YamlPair* published = entry.find("published")) {
            plan.ports_unpublished.insert(i);
            const YamlPair* target = entry.find("target");
            lose(published->value.text + ":" + (target ? target->value.text : ""));
        } else if (entry.is_scalar()) {
            const std::string changed = without_host_port(entry.text);
            if (changed == entry.text) continue;
            plan.ports_changed.emplace(i, changed);
            lose(entry.text);
        }
    }
    if (lost.empty()) return {};
    lost += " (--keep-ports leaves them)";
    const YamlPair* written = service.written("ports");
    remark(written ? written->key : service.own->key,
           "ports of service " + quote(service.name) +
               " are on random ports of the host now: " + lost);
    return {};
}

}  // namespace amba::fleet
