// Fleet: the ambassadors of Compose projects on one or more Engines. Looks (a snapshot), and does
// what the plan says, ten at a time.
//
// Keeps nothing between calls but what it was made with: whoever calls again and again brings the
// memory (Given). Calls block. What is done is said as it is done, one line each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

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

struct Settings {
    std::string project;         // empty: every Compose project
    std::string image = "amba";  // of the ambassadors
    bool per_client = false;
};

struct Tally {
    unsigned done = 0;
    unsigned restarted = 0;  // of those that are done
    unsigned unchanged = 0;
    unsigned failed = 0;
};

// What ambassadors were given, by id and time of start: for a caller that comes again.
class Given {
  public:
    bool is(const Member& ambassador, const std::vector<std::string>& words) const;
    void set(const Member& ambassador, std::vector<std::string> words);
    const std::vector<std::string>* words_of(const Member& ambassador) const;
    void forget(const Member& ambassador);
    void keep_only(const Snapshot& snapshot);
    void clear();

  private:
    using Key = std::pair<std::string, std::int64_t>;
    mutable std::mutex mutex_;
    std::map<Key, std::vector<std::string>> words_;
};

class Fleet {
  public:
    // `say` is called by several threads, one at a time; `failed` tells what went wrong.
    using Say = std::function<void(const std::string& line, bool failed)>;
    Fleet(std::vector<Site> sites, Settings settings, Say say);

    const std::vector<Site>& sites() const { return sites_; }

    core::Result<Picture> look_at(std::size_t site) const;
    // An Engine that does not answer is an error: half a picture would empty tables.
    core::Result<Snapshot> look() const;
    // Of nobody yet.
    Snapshot nothing() const;

    // Makes what is missing, starts again what was left behind, removes what nobody needs.
    Tally create(const Snapshot& snapshot) const;

    // Gives every ambassador its table and waits for each verdict. One that has it is left alone:
    // that is asked, or, with `given`, remembered.
    Tally configure(const Snapshot& snapshot, Given* given = nullptr) const;

    // All ambassadors of the project.
    Tally remove(const Snapshot& snapshot) const;

    // The shares of a service; none: forgotten. On every Engine.
    core::Result<void> set_split(const ServiceKey& key, const std::optional<Split>& split) const;

    // `amba status --json` of an ambassador.
    core::Result<std::string> status(const Member& ambassador) const;

  private:
    enum class Verdict { kApplied, kUnchanged, kFailed };

    bool make(const Place& place) const;
    bool restart(const Member& ambassador) const;
    bool remove_one(const Member& ambassador, const char* why) const;
    Verdict give(const Assignment& assignment, Given* given) const;
    core::Result<table::Table> current(const Member& ambassador) const;
    void say(const std::string& line, bool failed = false) const;
    const docker::Engine& engine(const Member& member) const { return *sites_[member.site].engine; }

    std::vector<Site> sites_;
    Settings settings_;
    Say say_;
    mutable std::mutex saying_;
};

}  // namespace amba::fleet
