// An ambassador is replaced by one of a newer image, which takes over from it.
#include <chrono>
#include <thread>

#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

// For a takeover on a busy Engine: longer than the two ambassadors wait for each other.
constexpr core::Duration kTrialTime = 90s;
constexpr core::Duration kEndTime = 300ms;
constexpr core::Duration kLook = 20ms;
constexpr const char* kOnTrial = "no";

std::string named(const docker::Container& ambassador) {
    return "ambassador " + docker::short_id(ambassador.id);
}

std::int64_t now_us() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// Its own, without those that come from its image.
docker::Labels own_labels(const docker::Container& ambassador) {
    docker::Labels out;
    for (const char* key : {kProjectLabel, kClientLabel, kNameLabel, kBindLabel})
        out[key] = ambassador.label(key);
    out[kReplacesLabel] = docker::short_id(ambassador.id);
    return out;
}

}  // namespace

Tally Fleet::upgrade(const Snapshot& snapshot, std::size_t at_most) const {
    const FleetUpgrades plan = upgrades(snapshot, now_us());
    Tally tally;
    const auto count = [&](bool well) {
        ++(well ? tally.done : tally.failed);
    };
    for (const FleetContainer* one : plan.proven)
        count(
            static_cast<bool>(engine(*one).set_restart_policy(one->container.id, kRestartPolicy)));
    for (const FleetContainer* one : plan.finished)
        count(remove_one(*one, "another one serves in its place"));
    std::size_t tried = 0;
    for (const FleetContainer* one : plan.outdated) {
        // Where one could not take over others need not try: the image may be wrong.
        if (tried == at_most || tally.failed > 0) {
            ++tally.left;
        } else if (const std::string daemon = daemon_of(*one); !daemon.empty()) {
            count(replace(*one, daemon));
            ++tried;
        }
    }
    return tally;
}

// The id of the process that serves in the volume of that ambassador; empty: it does not say.
std::string Fleet::daemon_of(const FleetContainer& ambassador) const {
    const auto status = statuses({&ambassador});
    return status.front() ? status.front()->daemon : "";
}

// `daemon` serves, and so does another one then.
bool Fleet::replace(const FleetContainer& old, const std::string& daemon) const {
    const docker::Engine& at = engine(old);
    const std::string id = begin_trial(old);
    if (id.empty()) return false;
    const std::string why = await_trial(old, id, daemon);
    if (why.empty()) {
        if (const auto set = at.set_restart_policy(id, kRestartPolicy); !set) {
            say("ambassador " + docker::short_id(id) + ": " + set.error().reason, true);
        }
        say(named(old.container) + " hands over to " + docker::short_id(id) + ", of image " +
            settings_.image);
        remove_if_ended(old);
        return true;
    }
    // The old one serves on. The other stays for a while, as its log says more.
    (void)at.set_restart_policy(old.container.id, old.container.restart_policy);
    say(named(old.container) + " serves on: " + docker::short_id(id) + " of image " +
            settings_.image + " could not take over (" + why + "; docker logs " +
            docker::short_id(id) + ")",
        true);
    return false;
}

// Without a connection it ends at once. One that has some goes with a later look.
void Fleet::remove_if_ended(const FleetContainer& old) const {
    for (const core::Time until = core::Clock::now() + kEndTime; core::Clock::now() < until;) {
        std::this_thread::sleep_for(kLook);
        const auto container = engine(old).inspect(old.container.id);
        if (!container) return;
        if (container->running()) continue;
        (void)engine(old).remove(old.container.id);
        return;
    }
}

// Makes the successor. Returns its id; empty: there is none, which has been said.
std::string Fleet::begin_trial(const FleetContainer& old) const {
    const docker::Engine& at = engine(old);
    docker::Creation creation;
    creation.image = settings_.image;
    creation.command = old.container.command;
    creation.environment = {"AMBA_TAKEOVER=1"};
    creation.network_mode = old.container.network_mode;
    creation.volumes_from = old.container.id;
    creation.restart_policy = kOnTrial;
    creation.labels = own_labels(old.container);
    const auto id = at.create(creation);
    if (!id) {
        say(named(old.container) + " is not replaced: " + id.error().reason, true);
        return {};
    }
    // The Engine would start it again when it has handed over.
    auto done = at.set_restart_policy(old.container.id, "no");
    if (done) done = at.start(*id);
    if (done) return *id;
    // It stays, as one that could not take over does: it is tried again later.
    say(named(old.container) + " is not replaced: " + done.error().reason, true);
    (void)at.set_restart_policy(old.container.id, old.container.restart_policy);
    return {};
}

// Waits until another process than `daemon` serves. Empty, or why none does.
std::string Fleet::await_trial(const FleetContainer& old, const std::string& id,
                               const std::string& daemon) const {
    for (const core::Time until = core::Clock::now() + kTrialTime; core::Clock::now() < until;) {
        auto container = engine(old).inspect(id);
        if (!container) return container.error().reason;
        if (!container->running()) return "it has ended";
        const std::string serving = daemon_of({std::move(*container), old.site});
        if (!serving.empty() && serving != daemon) return {};
        std::this_thread::sleep_for(kLook);
    }
    return "not in time";
}

}  // namespace amba::fleet
