// Ambassadors come and go.
#include <atomic>

#include "amba/docker/parallel.hpp"
#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

namespace {

std::string named(const docker::Container& ambassador) {
    return "ambassador " + docker::short_id(ambassador.id);
}

// `work` for each of them, ten at a time; those for which it is true count as done.
template <class Item, class Work>
void count(const std::vector<Item>& items, Tally& tally, const Work& work) {
    std::atomic<unsigned> done{0};
    docker::ten_at_a_time(items, [&](const Item& item) {
        if (work(item)) ++done;
    });
    tally.done += done;
    tally.failed += static_cast<unsigned>(items.size()) - done;
}

}  // namespace

// What is gone makes room first: a name that has moved to another ambassador is free by then.
Tally Fleet::create(const Snapshot& snapshot) const {
    const std::vector<Place> wanted = places(snapshot, settings_.per_client);
    const Changes change = changes(snapshot, wanted);
    Tally tally;
    tally.unchanged = static_cast<unsigned>(change.kept);
    count(change.orphans, tally,
          [&](const Member* one) { return remove_one(*one, "nobody needs it any more"); });
    const unsigned removed = tally.done;
    count(change.stale, tally, [&](const Member* one) { return restart(*one); });
    tally.restarted = tally.done - removed;
    count(change.missing, tally, [&](const Place& place) { return make(place); });
    return tally;
}

Tally Fleet::remove(const Snapshot& snapshot) const {
    std::vector<const Member*> all;
    for (const Member& ambassador : snapshot.ambassadors)
        all.push_back(&ambassador);
    Tally tally;
    count(all, tally, [&](const Member* one) { return remove_one(*one, "as asked"); });
    return tally;
}

// It comes back with its client and with the Engine; `docker kill` alone ends it for good, and then
// the next create makes it anew.
bool Fleet::make(const Place& place) const {
    docker::Creation creation;
    creation.image = settings_.image;
    creation.command = {"run"};
    creation.network_mode = "container:" + place.client->container.id;
    creation.restart_policy = "unless-stopped";
    creation.labels = {{kProjectLabel, place.client->container.label(kComposeProject)},
                       {kClientLabel, docker::short_id(place.client->container.id)},
                       {kNameLabel, join(place.names)},
                       {kBindLabel, join(place.names, &Name::bind)}};
    const docker::Engine& at = engine(*place.client);
    const auto id = at.create(creation);
    if (!id) {
        say(place.to_string() + ": " + id.error().reason, true);
        return false;
    }
    if (const auto started = at.start(*id); !started) {
        say(place.to_string() + ": " + started.error().reason, true);
        (void)at.remove(*id);  // or it would be taken for one that is to be started again
        return false;
    }
    say(place.to_string() + ": ambassador " + docker::short_id(*id) + " at " +
        join(place.names, &Name::bind));
    return true;
}

bool Fleet::restart(const Member& ambassador) const {
    const auto done = engine(ambassador).restart(ambassador.container.id);
    if (done) {
        say(named(ambassador.container) + " started again: " +
            (ambassador.container.running() ? "its client has a new network namespace"
                                            : "it was " + ambassador.container.status));
        return true;
    }
    say(named(ambassador.container) + ": " + done.error().reason, true);
    return false;
}

bool Fleet::remove_one(const Member& ambassador, const char* why) const {
    const auto done = engine(ambassador).remove(ambassador.container.id);
    if (done) {
        say(named(ambassador.container) + " removed: " + why);
        return true;
    }
    say(named(ambassador.container) + ": " + done.error().reason, true);
    return false;
}

}  // namespace amba::fleet
