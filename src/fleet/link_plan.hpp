// LinkPlan: what is to change in one service of a Compose file, and why not. Decides; the text is
// edited by link_edit, and link_verify holds the one against the other.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "amba/fleet/link.hpp"
#include "fleet/compose.hpp"

namespace amba::fleet {

struct LinkPlan {
    using Entries = std::vector<std::pair<std::string, std::string>>;
    Entries hosts;                                     // to be added to extra_hosts
    Entries labels;                                    // to be added
    bool drop_links = false;                           // the key
    std::optional<std::vector<std::string>> ports;     // all of them anew; empty: none
    std::map<std::size_t, std::string> ports_changed;  // those in short form, by index
    std::set<std::size_t> ports_unpublished;           // those in long form, by index
    std::set<std::size_t> volumes_dropped;             // by index
};

class LinkPlanner {
  public:
    // Both outlive it.
    LinkPlanner(const ComposeFile& file, const LinkOptions& options) :
        file_(file), options_(options) {}

    core::Result<LinkPlan> plan(const ComposeService& service);
    std::vector<Remark> take_remarks() { return std::move(remarks_); }

  private:
    struct Want {
        std::string service;
        std::string name;          // by which the client knows it
        std::size_t position = 0;  // from 1
        const Yaml* where = nullptr;
    };
    struct Known {
        bool has_port = false;
        std::string why_not;  // of an image that could not be asked
    };
    using Wants = std::vector<Want>;

    core::Result<void> plan_hosts(const ComposeService& service, LinkPlan& plan);
    core::Result<Wants> links_of(const ComposeService& service);
    core::Result<Wants> dependencies_of(const ComposeService& service, const Wants& links,
                                        std::size_t position);
    core::Result<void> assign(const ComposeService& service, const Wants& wants, LinkPlan& plan);
    core::Result<void> plan_label(const ComposeService& service, const Want& want, LinkPlan& plan);
    void remark_of_network(const ComposeService& service);

    // link_ports.cpp
    core::Result<void> plan_ports(const ComposeService& service, LinkPlan& plan);
    core::Result<void> plan_listed_ports(const ComposeService& service, LinkPlan& plan);
    core::Result<void> plan_random_ports(const ComposeService& service, LinkPlan& plan);
    const Known& known_ports(const std::string& service);
    Known ask_image(const ComposeService& service) const;

    // link_volumes.cpp
    core::Result<void> plan_volumes(const ComposeService& service, LinkPlan& plan);

    void remark(const Yaml& where, std::string text);

    const ComposeFile& file_;
    const LinkOptions& options_;
    std::map<std::string, Known> known_;
    std::vector<Remark> remarks_;
};

}  // namespace amba::fleet
