// Fleet: the ambassadors of Compose projects on one or more Engines. Looks (a snapshot), and does
// what the plan says, ten at a time.
//
// Keeps nothing between calls but what it was made with: whoever calls again and again brings the
// memory (TablesGiven). Calls block. What is done is said as it is done, one line each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "amba/admin/status.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/docker/engine.hpp"
#include "amba/fleet/plan.hpp"
#include "amba/fleet/snapshot.hpp"

namespace amba::fleet {

// One Engine.
struct Site {
    std::unique_ptr<docker::Engine> engine;
    std::string address;  // at which other hosts reach its published ports; empty: not known
};

struct FleetSettings {
    std::string project;         // empty: every Compose project
    std::string image = "amba";  // of the ambassadors
    bool per_client = false;
};

struct Tally {
    unsigned done = 0;
    unsigned restarted = 0;  // of those that are done
    unsigned unchanged = 0;
    unsigned failed = 0;
    unsigned held = 0;  // of those: a process of the client has the port
    unsigned left = 0;  // not made, as `enough` ended it
};

// The tables that ambassadors were given, by id and time of start: the memory of a caller that
// configures again and again.
class TablesGiven {
  public:
    bool is(const FleetContainer& ambassador, const std::vector<std::string>& words) const;
    void set(const FleetContainer& ambassador, std::vector<std::string> words);
    const std::vector<std::string>* words_of(const FleetContainer& ambassador) const;
    void forget(const FleetContainer& ambassador);
    // True: this has not been said of it since it was started, or clear().
    bool is_news(const FleetContainer& ambassador, const std::string& line);
    void keep_only(const Snapshot& snapshot);
    void clear();

  private:
    using Key = std::pair<std::string, std::int64_t>;
    mutable std::mutex mutex_;
    std::map<Key, std::vector<std::string>> words_;
    std::map<Key, std::set<std::string>> said_;
};

// A verb of amba for one ambassador, and what became of it.
struct VerbCall {
    const FleetContainer* ambassador = nullptr;
    std::vector<std::string> words;
};
// Told the answer to the question of that number, by several threads.
using Heard = std::function<void(std::size_t question, const core::Result<docker::Executed>&)>;

class TableWriter;

class Fleet {
  public:
    // `say` is called by several threads, one at a time; `failed` tells what went wrong.
    using Say = std::function<void(const std::string& line, bool failed)>;
    Fleet(std::vector<Site> sites, FleetSettings settings, Say say);
    ~Fleet();

    const std::vector<Site>& sites() const { return sites_; }

    core::Result<Picture> look_at(std::size_t site) const;
    // An Engine that does not answer is an error: half a picture would empty tables.
    core::Result<Snapshot> look() const;
    // A snapshot of these sites with no container in it.
    Snapshot nothing() const;

    // Makes what is missing, each with its table, starts again what was left behind, removes what
    // nobody needs. No more is made once `enough` says so. Tells those tables that cannot be a
    // command, because the client may hold the port.
    using Enough = std::function<bool()>;
    Tally create(const Snapshot& snapshot, TablesGiven* given = nullptr,
                 const Enough& enough = {}) const;

    // Replaces ambassadors of an older image, `at_most` of them and one after the other, by those
    // that take over from them. `left` counts those that wait for the next call.
    Tally upgrade(const Snapshot& snapshot, std::size_t at_most) const;

    // Gives every ambassador its table and waits for each verdict. One that has it is left alone:
    // that is asked, or, with `given`, remembered.
    Tally configure(const Snapshot& snapshot, TablesGiven* given = nullptr) const;

    // All ambassadors of the project.
    Tally remove(const Snapshot& snapshot) const;

    // Why an ambassador cannot have an address that a process of its client holds, in words; looked
    // at from within. The second has nothing to say when nobody is seen to hold it.
    std::string who_holds(const Assignment& assignment, const std::string& address) const;
    std::optional<std::string> held_by_client(const Assignment& assignment,
                                              const std::string& address) const;

    // The shares of a service; none: forgotten. On every Engine.
    core::Result<void> set_split(const ServiceKey& key, const std::optional<Split>& split) const;

    // `amba status --json` of each of them.
    std::vector<core::Result<admin::Status>> statuses(
        const std::vector<const FleetContainer*>& ambassadors) const;

  private:
    friend class TableRound;

    // An ambassador that is made, or to be made.
    struct NewAmbassador {
        AmbassadorPlace place;
        enum class First { kTable, kNothing, kLater } first = First::kTable;  // kLater: to be told
        std::vector<std::string> table = {};
        std::string id = {};  // empty: it is not made
        std::optional<FleetContainer> ambassador = {};
        bool left = false;
        bool runs() const { return ambassador && ambassador->container.running(); }
    };
    std::string make(const Snapshot& snapshot, NewAmbassador& one) const;
    void choose_first(const Assignment& assignment, NewAmbassador& one) const;
    std::vector<NewAmbassador> make_all(const Snapshot& snapshot,
                                        const std::vector<AmbassadorPlace>& missing, Tally& tally,
                                        const Enough& enough) const;
    void await_tables(std::vector<NewAmbassador>& made, TablesGiven* given) const;
    void settle(const Snapshot& snapshot, std::vector<NewAmbassador> made, Tally& tally,
                TablesGiven* given) const;
    void look_again(NewAmbassador& one) const;
    std::vector<PortListener> listeners(const Assignment& assignment) const;
    std::vector<PortListener> look_for_listeners(const Assignment& assignment) const;
    bool restart(const FleetContainer& ambassador) const;
    bool replace(const FleetContainer& old, const std::string& daemon) const;
    void remove_if_ended(const FleetContainer& old) const;
    std::string begin_trial(const FleetContainer& old) const;
    std::string await_trial(const FleetContainer& old, const std::string& id,
                            const std::string& daemon) const;
    std::string daemon_of(const FleetContainer& ambassador) const;
    bool remove_one(const FleetContainer& ambassador, const char* why) const;
    void ask(const std::vector<VerbCall>& questions, const Heard& heard) const;
    void say(const std::string& line, bool failed = false) const;
    const docker::Engine& engine(const FleetContainer& member) const {
        return *sites_[member.site].engine;
    }

    std::vector<Site> sites_;
    std::vector<std::unique_ptr<TableWriter>> writers_;  // one for each site
    FleetSettings settings_;
    Say say_;
    mutable std::mutex saying_;

    // What was found in a client's namespace lately, by its id.
    struct ListenersSeen {
        core::Time at;
        std::vector<PortListener> listeners;
    };
    mutable std::mutex finding_;
    mutable std::map<std::string, ListenersSeen> found_;
};

}  // namespace amba::fleet
