// Judges tables, one after the other: those found in the volume, and the first one at start.
//
//   the watch, a helper's request, SIGHUP -> look at config.json beside the loop, and parse it when
//   its content is not what was judged last -> activate -> active.json and verdict.json beside the
//   loop
//   -> tell those who wait
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "amba/net/offload.hpp"
#include "amba/volume/volume.hpp"
#include "daemon/activate.hpp"

namespace amba::daemon {

class Reload {
  public:
    // Which config.json a helper asks about: by its content, by its revision alone, or whichever is
    // there.
    struct VerdictQuery {
        std::string revision;
        std::string digest;
    };
    // What the helper is told: a verdict on its file, or which revision took its place, or that
    // nothing is judged any more.
    struct VerdictReply {
        std::optional<volume::Verdict> verdict;
        std::string superseded_by;
        bool stopping = false;
    };
    using Answered = std::function<void(const VerdictReply&)>;

    Reload(Activate& activate, net::Offload& offload, volume::Paths paths, std::string daemon,
           const std::vector<std::string>& command_line);

    // Something in the volume changed: judges config.json unless it was judged already.
    void changed() { request(false); }
    // Judges it in any case (SIGHUP).
    void again() { request(true); }
    // A helper has written a file and wants to know. Each is answered once.
    void judge_now(VerdictQuery question, Answered answered);

    // At start, before the first table: the config.json that was found, and the digest that
    // active.json remembers. `passed_over` says why another table comes first; empty: none does.
    void found(const volume::ConfigLook& look, const std::string& remembered,
               const std::string& passed_over);
    // A table to start with, from config.json or not. `done` gets an empty reason when it serves.
    // With a reason there is no verdict yet, as another table may be tried. ready() or
    // reject_found() follows.
    void first(table::Table table, const std::string& revision, std::uint64_t generation,
               bool from_config, Activate::Done done);
    // The start is over: what has changed since is judged from here on.
    void ready() { finish(); }
    // The same, and the config.json that was found is rejected. With `then`, that is called instead
    // of going on.
    void reject_found(const std::string& reason, std::function<void()> then = {});
    // The counters of the ambassador that this one replaces.
    void go_on_from(std::uint64_t applied, std::uint64_t rejected) {
        applied_ += applied;
        rejected_ += rejected;
    }
    // The log has said already that the state directory cannot be written.
    void said_unwritable() { said_unwritable_ = true; }
    // Nothing is judged any more: what stands in the volume is for the next one to judge.
    void stop();
    // The same for a while: `held` is called when no table is on its way any more. What is asked
    // for meanwhile waits for resume(), or is given up by stop().
    void hold(std::function<void()> held);
    void resume();
    // active.json and verdict.json may be gone, with their directory: writes what is missing.
    void save_again();

    // active.json holds the table that serves.
    bool saved() const { return saved_; }
    // Tables judged so far, and what became of the last; null: there was none.
    std::uint64_t applied() const { return applied_; }
    std::uint64_t rejected() const { return rejected_; }
    const std::string& judged() const { return answered_by_; }  // see volume::ActiveDocument
    const volume::Verdict* last() const { return verdicts_.empty() ? nullptr : &verdicts_.back(); }

  private:
    struct Waiter {
        VerdictQuery question;
        Answered answered;
    };
    // What is being judged.
    struct JudgedFile {
        std::string revision;
        std::string digest;  // of config.json; empty: it is from elsewhere
    };

    void request(bool force);
    void go_on();
    void run();
    void judge(volume::ConfigLook look);
    void conclude(const JudgedFile& subject, const std::string& reason,
                  std::function<void()> then = {});
    void write(volume::Verdict& verdict, const ActivePtr& active, const std::string& judged,
               std::string& unwritable) const;
    core::Result<void> save(const ActiveTable& active, const std::string& judged) const;
    void finish();
    // Nobody has looked at the files that these ask about.
    static void give_up(std::vector<Waiter>& waiters);
    const volume::Verdict* find(const VerdictQuery& question) const;

    Activate& activate_;
    net::Offload& offload_;
    const volume::Paths paths_;
    const std::string daemon_;
    const std::vector<std::string>& command_line_;

    std::uint64_t applied_ = 0;
    std::uint64_t rejected_ = 0;
    bool busy_ = true;  // until the start is over
    bool wanted_again_ = false;
    bool force_ = false;
    bool stopped_ = false;
    bool on_hold_ = false;
    std::function<void()> held_;  // to be called once it is not busy
    bool saved_ = false;
    bool said_unwritable_ = false;
    volume::ConfigState seen_;          // config.json as it was judged last
    std::string revision_;              // of it
    bool try_again_ = false;            // it was rejected for a reason that may be gone
    std::string answered_by_;           // the digest for active.json: see volume::Active::judged
    std::vector<Waiter> next_waiters_;  // for the next run: this one may have read too early
    std::vector<Waiter> waiters_;       // for the run under way
    std::deque<volume::Verdict> verdicts_;  // the last ones
};

}  // namespace amba::daemon
