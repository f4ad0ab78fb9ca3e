// Judges tables, one after the other: those found in the volume, and the first one at start.
//
//   the watch, a knock, SIGHUP -> read and parse beside the loop -> activate -> active.json and
//   verdict.json beside the loop -> tell those who wait
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "amba/net/offload.hpp"
#include "amba/volume/volume.hpp"
#include "app/activate.hpp"

namespace amba::app {

class Reload {
  public:
    // What a knock learns: a verdict on its revision, or which revision took its place.
    struct Answer {
        std::optional<volume::Verdict> verdict;
        std::string superseded_by;
    };
    using Answered = std::function<void(const Answer&)>;

    Reload(Activate& activate, net::Offload& offload, volume::Paths paths, std::string daemon,
           const std::vector<std::string>& command_line);

    // Something in the volume changed: judges config.json unless it was judged already.
    void changed() { request(false); }
    // Judges it in any case (SIGHUP).
    void again() { request(true); }
    // A helper has written `revision` and wants to know.
    void knock(const std::string& revision, Answered answered);

    // The first table, chosen at start, with the mtime of its file, or 0. `done` gets an empty
    // reason when it serves.
    void first(table::Table table, const std::string& revision, std::uint64_t generation,
               std::int64_t modified_ns, Activate::Done done);
    // A config.json that was looked at and passed over at start is not news.
    void seen(const std::string& revision) { last_judged_ = revision; }
    // The log has said already that the state directory cannot be written.
    void said_unwritable() { said_unwritable_ = true; }
    void stop() { stopped_ = true; }

    // Tables judged so far, and what became of the last; null: there was none.
    std::uint64_t applied() const { return applied_; }
    std::uint64_t rejected() const { return rejected_; }
    const volume::Verdict* last() const { return verdicts_.empty() ? nullptr : &verdicts_.back(); }

  private:
    struct Waiter {
        std::string revision;
        Answered answered;
    };

    void request(bool force);
    void run();
    void judge(std::optional<volume::Wanted> wanted);
    void conclude(const std::string& revision, const std::string& reason, Activate::Done then = {});
    void finish(const std::string& revision);
    const volume::Verdict* find(const std::string& revision) const;

    Activate& activate_;
    net::Offload& offload_;
    const volume::Paths paths_;
    const std::string daemon_;
    const std::vector<std::string>& command_line_;

    std::uint64_t applied_ = 0;
    std::uint64_t rejected_ = 0;
    bool busy_ = false;
    int firsts_ = 0;  // tables tried at start
    bool wanted_again_ = false;
    bool force_ = false;
    bool stopped_ = false;
    bool said_unwritable_ = false;
    std::string last_judged_;
    std::uint64_t inode_ = 0;
    std::int64_t modified_ns_ = 0;          // of the file that is being judged
    std::vector<Waiter> next_waiters_;      // for the next run: this one may have read too early
    std::vector<Waiter> waiters_;           // for the run under way
    std::deque<volume::Verdict> verdicts_;  // the last ones
};

}  // namespace amba::app
