// Ambassadors come and go.
#include <atomic>
#include <thread>

#include "amba/docker/parallel.hpp"
#include "amba/fleet/fleet.hpp"
#include "amba/table/words.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

// The Engine has some 100 ms of work with each, and its client may be about to connect: more at a
// time would all be late.
constexpr std::size_t kMadeAtATime = 4;
// How long an ambassador on a busy Engine gets to serve its table, or to end because it cannot.
constexpr core::Duration kSettle = 5s;
constexpr core::Duration kLook = 20ms;

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

// A port that the client may hold itself, by its own word.
std::optional<std::uint16_t> doubtful_port(const Assignment& assignment) {
    for (const Route& route : assignment.routes) {
        if (may_hold(assignment.client->container, route.port)) return route.port;
    }
    return std::nullopt;
}

}  // namespace

// Ambassadors that nobody needs are removed first: an address that has moved to another one is free
// by then.
Tally Fleet::create(const Snapshot& snapshot, TablesGiven* given, const Enough& enough) const {
    const std::vector<AmbassadorPlace> wanted = places(snapshot, settings_.per_client);
    const FleetChanges change = changes(snapshot, wanted);
    Tally tally;
    tally.unchanged = static_cast<unsigned>(change.kept);
    count(change.orphans, tally,
          [&](const FleetContainer* one) { return remove_one(*one, "nobody needs it any more"); });
    const unsigned removed = tally.done;
    count(change.stale, tally, [&](const FleetContainer* one) { return restart(*one); });
    tally.restarted = tally.done - removed;
    std::vector<NewAmbassador> made = make_all(snapshot, change.missing, tally, enough);
    for (const RefusedAmbassador& one : change.refused)
        made.push_back({.place = one.place, .id = one.ambassador->container.id});
    settle(snapshot, std::move(made), tally, given);
    return tally;
}

Tally Fleet::remove(const Snapshot& snapshot) const {
    std::vector<const FleetContainer*> all;
    for (const FleetContainer& ambassador : snapshot.ambassadors)
        all.push_back(&ambassador);
    for (const FleetContainer& ambassador : snapshot.aside)
        all.push_back(&ambassador);
    Tally tally;
    count(all, tally, [&](const FleetContainer* one) { return remove_one(*one, "as asked"); });
    return tally;
}

std::vector<Fleet::NewAmbassador> Fleet::make_all(const Snapshot& snapshot,
                                                  const std::vector<AmbassadorPlace>& missing,
                                                  Tally& tally, const Enough& enough) const {
    std::vector<NewAmbassador> all;
    for (const AmbassadorPlace& place : missing)
        all.push_back({.place = place});
    docker::several_at_a_time(kMadeAtATime, all, [&](NewAmbassador& one) {
        one.left = enough && enough();
        if (!one.left) one.id = make(snapshot, one);
    });
    for (const NewAmbassador& one : all)
        ++(one.left ? tally.left : one.id.empty() ? tally.failed : tally.done);
    std::erase_if(all, [](const NewAmbassador& one) { return one.id.empty(); });
    return all;
}

void Fleet::look_again(NewAmbassador& one) const {
    auto container = engine(*one.place.client).inspect(one.id);
    one.ambassador.reset();
    if (container)
        one.ambassador = FleetContainer{std::move(*container), one.place.client->site, false};
}

// Waits until those that were made with a table serve it, or run no more.
void Fleet::await_tables(std::vector<NewAmbassador>& made, TablesGiven* given) const {
    std::vector<NewAmbassador*> those;
    for (NewAmbassador& one : made) {
        if (one.first == NewAmbassador::First::kTable) those.push_back(&one);
    }
    for (const core::Time until = core::Clock::now() + kSettle;;) {
        docker::ten_at_a_time(those, [&](NewAmbassador* one) { look_again(*one); });
        std::erase_if(those, [](const NewAmbassador* one) { return !one->runs(); });
        std::vector<VerbCall> questions;
        for (const NewAmbassador* one : those)
            questions.push_back({&*one->ambassador, {"showconfig"}});
        std::vector<char> serves(those.size(), false);
        ask(questions, [&](std::size_t i, const core::Result<docker::Executed>& answer) {
            serves[i] = answer && answer->code == 0;
            if (serves[i] && given) given->set(*those[i]->ambassador, those[i]->table);
        });
        std::vector<NewAmbassador*> others;
        for (std::size_t i = 0; i < those.size(); ++i) {
            if (!serves[i]) others.push_back(those[i]);
        }
        those = std::move(others);
        if (those.empty() || core::Clock::now() >= until) return;
        std::this_thread::sleep_for(kLook);
    }
}

// Ambassadors that were made with a table and do not run are made anew without one. Those without a
// table, though there is one for them, are told it, and say what is in its way.
void Fleet::settle(const Snapshot& snapshot, std::vector<NewAmbassador> made, Tally& tally,
                   TablesGiven* given) const {
    await_tables(made, given);
    docker::ten_at_a_time(made, [&](NewAmbassador& one) {
        const bool refused =
            one.first == NewAmbassador::First::kTable && one.ambassador && !one.runs();
        if (refused && engine(*one.place.client).remove(one.id)) {
            one.first = NewAmbassador::First::kLater;
            one.id = make(snapshot, one);
        }
        if (one.first == NewAmbassador::First::kLater) look_again(one);
    });
    Snapshot untold = snapshot;
    untold.ambassadors.clear();
    for (NewAmbassador& one : made) {
        if (one.first == NewAmbassador::First::kLater && one.runs())
            untold.ambassadors.push_back(std::move(*one.ambassador));
    }
    if (!untold.ambassadors.empty()) tally.failed += configure(untold, given).failed;
}

// Chooses the table of its command. A table that it cannot have would end it.
void Fleet::choose_first(const Assignment& assignment, NewAmbassador& one) const {
    using First = NewAmbassador::First;
    one.table = words(assignment, nullptr);
    const auto doubtful = doubtful_port(assignment);
    if (doubtful) {
        say(assignment.to_string() + ": " + assignment.client->container.name + " exposes port " +
            std::to_string(*doubtful) +
            " itself, and calls another service there: both go "
            "together when it listens on one address alone");
    }
    const bool is_table = !doubtful && table::parse_words(one.table);
    one.first = one.table.empty() ? First::kNothing : is_table ? First::kTable : First::kLater;
}

// Makes the container. It comes back with its client and with the Engine; `docker kill` alone ends
// it for good, and then the next create makes it anew.
std::string Fleet::make(const Snapshot& snapshot, NewAmbassador& one) const {
    const AmbassadorPlace& place = one.place;
    const Assignment assignment = assignment_of(snapshot, place);
    docker::Creation creation;
    creation.image = settings_.image;
    creation.command = {"run"};
    if (one.first == NewAmbassador::First::kTable) choose_first(assignment, one);
    if (one.first == NewAmbassador::First::kTable) {
        creation.command.insert(creation.command.end(), one.table.begin(), one.table.end());
    }
    creation.network_mode = "container:" + place.client->container.id;
    creation.restart_policy = kRestartPolicy;
    creation.labels = {{kProjectLabel, place.client->container.label(kComposeProject)},
                       {kClientLabel, docker::short_id(place.client->container.id)},
                       {kNameLabel, join(place.names)},
                       {kBindLabel, join(place.names, &ServedName::bind)}};
    const docker::Engine& at = engine(*place.client);
    const auto id = at.create(creation);
    if (!id) {
        say(place.to_string() + ": " + id.error().reason, true);
        return {};
    }
    if (const auto started = at.start(*id); !started) {
        say(place.to_string() + ": " + started.error().reason, true);
        (void)at.remove(*id);  // otherwise the next look would start it again
        return {};
    }
    say(place.to_string() + ": ambassador " + docker::short_id(*id) + " at " +
        join(place.names, &ServedName::bind) +
        (creation.command.size() > 1 ? ", " + summary(assignment) : ""));
    return *id;
}

bool Fleet::restart(const FleetContainer& ambassador) const {
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

bool Fleet::remove_one(const FleetContainer& ambassador, const char* why) const {
    const auto done = engine(ambassador).remove(ambassador.container.id);
    if (done) {
        say(named(ambassador.container) + " removed: " + why);
        return true;
    }
    say(named(ambassador.container) + ": " + done.error().reason, true);
    return false;
}

}  // namespace amba::fleet
