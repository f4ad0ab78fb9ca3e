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
    struct Host {
        std::string name;
        std::string address;
        std::optional<std::size_t> link;  // of which it was made, by index
    };
    std::vector<Host> hosts;                           // to be added to extra_hosts
    Entries labels;                                    // to be added
    std::optional<std::set<std::size_t>> links_kept;   // by index; unset: all stay as they are
    std::optional<std::vector<std::string>> ports;     // all of them anew; empty: none
    std::map<std::size_t, std::string> ports_changed;  // those in short form, by index
    std::set<std::size_t> ports_unpublished;           // those in long form, by index
    std::set<std::size_t> volumes_dropped;             // by index
};

class LinkPlanner {
  public:
    // All outlive it. Plans for `file`; `beside` are files that Compose reads with it.
    LinkPlanner(const ComposeFile& file, const LinkOptions& options,
                const std::vector<ComposeFile>& beside = kNone) :
        file_(file),
        beside_(beside), options_(options) {}

    // One for each service, in the file's order.
    core::Result<std::vector<LinkPlan>> plan();
    std::vector<Remark> take_remarks() { return std::move(remarks_); }
    // Links that stay because they could not become ambassadors.
    std::size_t kept() const { return kept_; }

  private:
    struct Want {
        std::string service;
        std::string name;          // by which the client knows it
        std::size_t position = 0;  // from 1
        const Yaml* where = nullptr;
        std::size_t client = 0;           // the service whose it is, by index
        std::optional<std::size_t> link;  // of its links, by index; unset: of depends_on
        bool moved = false;               // to the service in whose network the client is
    };
    struct PortKnowledge {
        bool has_port = false;
        std::string why_not;  // what was looked at in vain
    };
    using Wants = std::vector<Want>;
    // What is found out of one service on the way.
    struct Client {
        const ComposeService* service = nullptr;
        Wants wants;
        std::set<std::size_t> kept;  // links, by index
        std::size_t links = 0;
    };

    // That service in this file, first, and in those beside it.
    std::vector<const ComposeService*> everywhere(const std::string& name) const;
    // Its entries everywhere; those of other files are shown at the service's own place.
    core::Result<std::vector<ComposeEntry>> entries(const ComposeService& service, const char* key,
                                                    std::string_view dividers) const;
    bool is_external(const std::string& service, const std::string& name) const;

    core::Result<void> links_of(Client& client);
    core::Result<void> dependencies_of(Client& client);
    core::Result<std::set<std::string>> linked_before(const ComposeService& service) const;
    core::Result<void> assign(Client& client, LinkPlan& plan);
    core::Result<bool> can_be_named(const ComposeService& service, const Want& want);
    core::Result<void> plan_label(const ComposeService& service, const Want& want, LinkPlan& plan);
    void plan_links(const Client& client, LinkPlan& plan) const;
    // The want comes to nothing: a link stays one.
    void give_up(const Want& want, const std::string& why);

    // link_network.cpp
    void share_networks();
    std::string mode_of(const ComposeService& service) const;
    const ComposeService* owner_of_network(const ComposeService& service) const;
    void move_wants(Client& client, const ComposeService* owner, const Yaml& where);

    // link_ports.cpp
    core::Result<void> plan_ports(const ComposeService& service, LinkPlan& plan);
    core::Result<void> plan_listed_ports(const ComposeService& service, LinkPlan& plan);
    core::Result<void> plan_random_ports(const ComposeService& service, LinkPlan& plan);
    const PortKnowledge& known_ports(const std::string& service);
    PortKnowledge ask_build(const ComposeService& service) const;
    PortKnowledge ask_image(const ComposeService& service) const;

    // link_volumes.cpp
    core::Result<void> plan_volumes(const ComposeService& service, LinkPlan& plan);

    void remark(const Yaml& where, const std::string& text);

    static inline const std::vector<ComposeFile> kNone;

    const ComposeFile& file_;
    const std::vector<ComposeFile>& beside_;
    const LinkOptions& options_;
    std::vector<Client> clients_;
    std::map<std::string, PortKnowledge> known_;
    std::vector<Remark> remarks_;
    std::size_t kept_ = 0;
};

}  // namespace amba::fleet
