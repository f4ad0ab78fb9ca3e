#include "app/reload.hpp"

#include <algorithm>

#include "amba/log/log.hpp"
#include "app/give_back.hpp"

namespace amba::app {

namespace {

// A helper whose verdict is further back than this has not looked for seconds.
constexpr std::size_t kRemembered = 64;

}  // namespace

Reload::Reload(Activate& activate, net::Offload& offload, volume::Paths paths, std::string daemon,
               const std::vector<std::string>& command_line) :
    activate_(activate),
    offload_(offload), paths_(std::move(paths)), daemon_(std::move(daemon)),
    command_line_(command_line) {}

void Reload::knock(const std::string& revision, Answered answered) {
    if (const volume::Verdict* verdict = find(revision)) return answered({*verdict, ""});
    next_waiters_.push_back({revision, std::move(answered)});
    request(false);
}

void Reload::request(bool force) {
    if (stopped_) return;
    force_ |= force;
    wanted_again_ = true;
    if (!busy_) run();
}

void Reload::run() {
    busy_ = true;
    wanted_again_ = false;
    waiters_.swap(next_waiters_);
    auto wanted = std::make_shared<std::optional<volume::Wanted>>();
    offload_.run([wanted, paths = paths_] { *wanted = volume::read_wanted(paths); },
                 [this, wanted] { judge(std::move(*wanted)); });
}

void Reload::judge(std::optional<volume::Wanted> wanted) {
    if (stopped_ || !wanted) return finish("no config.json");
    // The same file again is news only when it was rejected, for a reason that may be gone.
    const volume::Verdict* before = find(wanted->revision);
    const bool rewritten = wanted->modified_ns != modified_ns_ || wanted->inode != inode_;
    const bool retry = before && !before->applied && rewritten;
    if (wanted->revision == last_judged_ && !force_ && !retry) return finish(wanted->revision);
    force_ = false;
    last_judged_ = wanted->revision;
    modified_ns_ = wanted->modified_ns;
    inode_ = wanted->inode;
    if (!wanted->table) return conclude(wanted->revision, wanted->reason);
    activate_.start(std::move(*wanted->table), wanted->revision, 0,
                    [this, revision = wanted->revision](const std::string& reason) {
                        conclude(revision, reason);
                    });
}

void Reload::first(table::Table table, const std::string& revision, std::uint64_t generation,
                   std::int64_t modified_ns, Activate::Done done) {
    busy_ = true;
    ++firsts_;
    modified_ns_ = modified_ns;
    activate_.start(std::move(table), revision, generation,
                    [this, revision, done = std::move(done)](const std::string& reason) {
                        conclude(revision, reason, done);
                    });
}

// Writes what became of a table, beside the loop.
void Reload::conclude(const std::string& revision, const std::string& reason, Activate::Done then) {
    const ActivePtr active = activate_.active();
    auto verdict = std::make_shared<volume::Verdict>();
    verdict->revision = revision;
    verdict->applied = reason.empty();
    verdict->generation = active ? active->generation : 0;
    verdict->reason = reason;
    verdict->unresolved = activate_.unresolved_names();
    verdict->time = volume::now_rfc3339();
    verdict->daemon = daemon_;
    ++(verdict->applied ? applied_ : rejected_);
    if (!reason.empty()) {
        log::error("rejected",
                   "revision " + revision + ": " + reason +
                       (active ? "; generation " + std::to_string(active->generation) + " goes on"
                               : "; there is no table yet"));
    }
    auto unwritable = std::make_shared<std::string>();
    offload_.run(
        [this, active, verdict, unwritable, modified_ns = modified_ns_] {
            if (verdict->applied) {
                const auto saved =
                    volume::write_active(paths_, {active->table, active->generation,
                                                  active->revision, command_line_, modified_ns});
                if (!saved) {
                    verdict->saved = false;
                    *unwritable = saved.error().reason;
                }
            }
            const auto told = volume::write_file(paths_.verdict(), volume::to_json(*verdict));
            if (!told && unwritable->empty()) *unwritable = told.error().reason;
            give_back_heap();  // a large table leaves its text and its tree behind
        },
        [this, verdict, unwritable, then = std::move(then)] {
            if (unwritable->empty()) {
                said_unwritable_ = false;
            } else if (!std::exchange(said_unwritable_, true)) {
                log::error("volume", *unwritable + (verdict->applied
                                                        ? "; the table serves but does not survive "
                                                          "a restart"
                                                        : "; helpers get no verdict"));
            }
            verdicts_.push_back(*verdict);
            if (verdicts_.size() > kRemembered) verdicts_.pop_front();
            // At start, a table that failed may be followed by the next choice: still one at a
            // time.
            const int firsts = firsts_;
            if (then) then(verdict->reason);
            if (firsts == firsts_) finish(verdict->revision);
        });
}

void Reload::finish(const std::string& revision) {
    std::vector<Waiter> told;
    told.swap(waiters_);
    for (const Waiter& waiter : told) {
        const volume::Verdict* verdict = find(waiter.revision);
        if (verdict != nullptr)
            waiter.answered({*verdict, ""});
        else
            waiter.answered({std::nullopt, revision});
    }
    busy_ = false;
    if (wanted_again_ && !stopped_) run();
}

const volume::Verdict* Reload::find(const std::string& revision) const {
    const auto found =
        std::find_if(verdicts_.rbegin(), verdicts_.rend(),
                     [&](const volume::Verdict& verdict) { return verdict.revision == revision; });
    return found == verdicts_.rend() ? nullptr : &*found;
}

}  // namespace amba::app
