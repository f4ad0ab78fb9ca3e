// Who holds a port in a client's network namespace: a helper looks from within, which sees the
// client's processes as the client itself does. It is asked only when a port could not be had.
#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

constexpr core::Duration kAnswerTime = 20s;
constexpr core::Duration kLately = 1min;

}  // namespace

// Whose sockets these are is seen by root alone, who is allowed to look at others' processes.
std::vector<PortListener> Fleet::look_for_listeners(const Assignment& assignment) const {
    const std::string client = "container:" + assignment.client->container.id;
    docker::Creation creation;
    creation.image =
        assignment.ambassador ? assignment.ambassador->container.image_id : settings_.image;
    creation.command = {"listeners"};
    creation.labels = {{kWriterLabel, ""}};
    creation.network_mode = client;
    creation.helper.emplace();
    creation.helper->user = "0:0";
    creation.helper->pid_mode = client;
    creation.helper->capabilities = {"SYS_PTRACE"};
    const docker::Engine& at = engine(*assignment.client);
    const auto id = at.create(creation);
    if (!id) return {};
    auto attached = at.attach(*id);
    if (!attached || !at.start(*id)) {
        (void)at.remove(*id);
        return {};
    }
    std::string text;
    while (const auto line = (*attached)->line(kAnswerTime))
        text += *line + "\n";
    return parse_listeners(text);
}

std::vector<PortListener> Fleet::listeners(const Assignment& assignment) const {
    const std::lock_guard lock(finding_);
    const std::string& client = assignment.client->container.id;
    const core::Time now = core::Clock::now();
    std::erase_if(found_, [&](const auto& entry) { return entry.second.at + kLately < now; });
    if (!found_.contains(client)) found_[client] = {now, look_for_listeners(assignment)};
    return found_[client].listeners;
}

std::string Fleet::who_holds(const Assignment& assignment, const std::string& address) const {
    const std::vector<PortListener> all = listeners(assignment);
    return held(assignment, address, in_the_way(all, address));
}

std::optional<std::string> Fleet::held_by_client(const Assignment& assignment,
                                                 const std::string& address) const {
    const std::vector<PortListener> all = listeners(assignment);
    const PortListener* one = in_the_way(all, address);
    if (one == nullptr) return std::nullopt;
    return held(assignment, address, one);
}

}  // namespace amba::fleet
