// One table at a time, in the order of the looks: that is what makes a verdict true of the file it
// names, and the next generation the successor of the one that was compared with.
#include "daemon/reload.hpp"

#include <unistd.h>

#include <algorithm>
#include <new>

#include "amba/log/log.hpp"
#include "daemon/give_back.hpp"

namespace amba::daemon {

namespace {

// A helper whose verdict is further back than this has not looked for seconds.
constexpr std::size_t kRemembered = 64;
constexpr const char* kNoConfig = "no config.json";
const Reload::VerdictReply kStopping{std::nullopt, "", true};

}  // namespace

Reload::Reload(Activate& activate, net::Offload& offload, volume::Paths paths, std::string daemon,
               const std::vector<std::string>& command_line) :
    activate_(activate),
    offload_(offload), paths_(std::move(paths)), daemon_(std::move(daemon)),
    command_line_(command_line) {}

void Reload::judge_now(VerdictQuery question, Answered answered) {
    if (stopped_) return answered(kStopping);
    // Of what serves there is nothing else to say. Any other file may have been written again since
    // its verdict: looked at first.
    const volume::Verdict* const now = last();
    const bool serves = !busy_ && now != nullptr && now->applied;
    if (serves && !question.digest.empty() && now->digest == question.digest) {
        return answered({*now, ""});
    }
    next_waiters_.push_back({std::move(question), std::move(answered)});
    request(false);
}

void Reload::stop() {
    stopped_ = true;
    give_up(next_waiters_);
}

void Reload::give_up(std::vector<Waiter>& waiters) {
    for (const Waiter& waiter : std::exchange(waiters, {}))
        waiter.answered(kStopping);
}

void Reload::request(bool force) {
    if (stopped_) return;
    force_ |= force;
    wanted_again_ = true;
    go_on();
}

void Reload::hold(std::function<void()> held) {
    on_hold_ = true;
    held_ = std::move(held);
    go_on();
}

void Reload::resume() {
    on_hold_ = false;
    held_ = nullptr;
    go_on();
}

void Reload::go_on() {
    if (busy_) return;
    if (on_hold_) {
        if (const auto held = std::exchange(held_, nullptr)) held();
        return;
    }
    if (wanted_again_ && !stopped_) run();
}

void Reload::run() {
    busy_ = true;
    wanted_again_ = false;
    waiters_.swap(next_waiters_);
    auto look = std::make_shared<volume::ConfigLook>();
    const volume::ConfigState before = std::exchange(force_, false) ? volume::ConfigState() : seen_;
    offload_.run([look, before, again = try_again_,
                  paths = paths_] { *look = volume::look_at_config(paths, before, again); },
                 [this, look] { judge(std::move(*look)); });
}

void Reload::judge(volume::ConfigLook look) {
    if (stopped_) return give_up(waiters_);
    seen_ = look.seen;
    if (look.news == volume::ConfigNews::kNone) {
        revision_ = kNoConfig;
        return finish();
    }
    // The verdict is known already, and there is nothing new to say.
    if (look.news == volume::ConfigNews::kSame) return finish();
    revision_ = look.wanted.revision;
    const JudgedFile subject{revision_, seen_.digest};
    // A text that is wrong stays wrong, but the reason why a table cannot serve may pass.
    try_again_ = look.wanted.table.has_value();
    if (!look.wanted.table) return conclude(subject, look.wanted.reason);
    const ActivePtr active = activate_.active();
    const std::string refusal = volume::refused(look.wanted, active ? active->generation : 0,
                                                active ? active->revision : std::string());
    if (!refusal.empty()) return conclude(subject, refusal);
    activate_.start(std::move(*look.wanted.table), subject.revision, 0,
                    [this, subject](const std::string& reason) {
                        // Nothing may be wrong with it: it was not made active, as this one ends.
                        if (!reason.empty() && stopped_) return give_up(waiters_);
                        conclude(subject, reason);
                    });
}

void Reload::found(const volume::ConfigLook& look, const std::string& remembered,
                   const std::string& passed_over) {
    seen_ = look.seen;
    revision_ = look.news == volume::ConfigNews::kNone ? kNoConfig : look.wanted.revision;
    try_again_ = look.wanted.table.has_value();
    answered_by_ = remembered;
    if (look.news == volume::ConfigNews::kSame) {
        // The verdict of the ambassador before this one; a helper may still wait for it.
        revision_ = seen_.digest;
        const auto file = files::read_file(paths_.verdict());
        const auto told = file && *file ? volume::parse_verdict((*file)->bytes) : std::nullopt;
        if (told && told->digest == seen_.digest) {
            revision_ = told->revision;
            verdicts_.push_back(*told);
        }
    }
    if (passed_over.empty()) return;
    answered_by_ = seen_.digest;
    log::warning("ignored", paths_.config() + ", revision " + revision_ + ": " + passed_over +
                                "; SIGHUP has it judged");
    volume::Verdict verdict;
    verdict.revision = revision_;
    verdict.digest = seen_.digest;
    verdict.reason = passed_over;
    verdict.time = volume::now_rfc3339();
    verdict.daemon = daemon_;
    verdicts_.push_back(std::move(verdict));
}

void Reload::first(table::Table table, const std::string& revision, std::uint64_t generation,
                   bool from_config, Activate::Done done) {
    const JudgedFile subject{revision, from_config ? seen_.digest : std::string()};
    activate_.start(std::move(table), revision, generation,
                    [this, subject, done = std::move(done)](const std::string& reason) {
                        if (!reason.empty()) return done(reason);
                        conclude(subject, reason, [done] { done({}); });
                    });
}

void Reload::reject_found(const std::string& reason, std::function<void()> then) {
    conclude({revision_, seen_.digest}, reason, std::move(then));
}

// Writes what became of a table, beside the loop.
void Reload::conclude(const JudgedFile& subject, const std::string& reason,
                      std::function<void()> then) {
    const ActivePtr active = activate_.active();
    auto verdict = std::make_shared<volume::Verdict>();
    verdict->revision = subject.revision;
    verdict->digest = subject.digest;
    verdict->applied = reason.empty();
    verdict->generation = active ? active->generation : 0;
    verdict->reason = reason;
    verdict->unresolved = activate_.unresolved_names();
    for (auto& one : activate_.waiting())
        verdict->waiting.push_back({std::move(one.name), std::move(one.until)});
    verdict->time = volume::now_rfc3339();
    verdict->daemon = daemon_;
    ++(verdict->applied ? applied_ : rejected_);
    if (verdict->applied && !subject.digest.empty()) {
        answered_by_ = subject.digest;
        try_again_ = false;
    }
    if (!reason.empty()) {
        log::error("rejected",
                   "revision " + subject.revision + ": " + reason +
                       (active ? "; generation " + std::to_string(active->generation) + " goes on"
                               : "; there is no table yet"));
    }
    auto unwritable = std::make_shared<std::string>();
    offload_.run([this, active, verdict, unwritable,
                  judged = answered_by_] { write(*verdict, active, judged, *unwritable); },
                 [this, verdict, unwritable, then = std::move(then)] {
                     if (unwritable->empty()) {
                         said_unwritable_ = false;
                     } else if (!std::exchange(said_unwritable_, true)) {
                         log::error("volume",
                                    *unwritable + (verdict->applied
                                                       ? "; the table serves but does not survive "
                                                         "a restart"
                                                       : "; helpers get no verdict"));
                     }
                     if (verdict->applied) saved_ = verdict->saved;
                     verdicts_.push_back(*verdict);
                     if (verdicts_.size() > kRemembered) verdicts_.pop_front();
                     if (then) return then();
                     finish();
                 });
}

// Beside the loop.
void Reload::write(volume::Verdict& verdict, const ActivePtr& active, const std::string& judged,
                   std::string& unwritable) const {
    if (verdict.applied) {
        const auto saved = save(*active, judged);
        verdict.saved = saved.has_value();
        if (!saved) unwritable = saved.error().reason;
    }
    const auto told = files::write_file(paths_.verdict(), volume::to_json(verdict));
    if (!told && unwritable.empty()) unwritable = told.error().reason;
    give_back_heap();  // a large table leaves its text and its tree behind
}

void Reload::save_again() {
    const ActivePtr active = activate_.active();
    if (!active || stopped_) return;
    const auto wrote = std::make_shared<std::optional<bool>>();  // active.json; unset: it was there
    const auto verdict = last() ? std::make_shared<volume::Verdict>(*last()) : nullptr;
    offload_.run(
        [this, active, judged = answered_by_, verdict, wrote] {
            const auto gone = [](const std::string& path) {
                return ::access(path.c_str(), F_OK) != 0;
            };
            if (gone(paths_.active())) *wrote = save(*active, judged).has_value();
            // One that is there may be newer than this one.
            if (!verdict || !gone(paths_.verdict())) return;
            if (*wrote && verdict->applied) verdict->saved = **wrote;
            (void)files::write_file(paths_.verdict(), volume::to_json(*verdict));
        },
        [this, active, wrote] {
            if (!*wrote) return;
            saved_ = **wrote;
            for (volume::Verdict& one : verdicts_) {
                if (one.applied && one.generation == active->generation) one.saved = saved_;
            }
        });
}

core::Result<void> Reload::save(const ActiveTable& active, const std::string& judged) const {
    try {
        volume::ActiveDocument file;
        file.table = active.table;
        file.generation = active.generation;
        file.revision = active.revision;
        file.command_line = command_line_;
        file.judged = judged;
        return volume::write_active(paths_, file);
    } catch (const std::bad_alloc&) {
        return core::error("cannot write " + paths_.active() + ": not enough memory");
    }
}

void Reload::finish() {
    std::vector<Waiter> told;
    told.swap(waiters_);
    for (const Waiter& waiter : told) {
        const bool any = waiter.question.digest.empty() && waiter.question.revision.empty();
        const volume::Verdict* verdict =
            find(any ? VerdictQuery{revision_, seen_.digest} : waiter.question);
        if (verdict != nullptr)
            waiter.answered({*verdict, ""});
        else
            waiter.answered({std::nullopt, revision_});
    }
    busy_ = false;
    go_on();
}

const volume::Verdict* Reload::find(const VerdictQuery& question) const {
    const auto is_asked = [&](const volume::Verdict& verdict) {
        return question.digest.empty() ? verdict.revision == question.revision
                                       : verdict.digest == question.digest;
    };
    const auto found = std::find_if(verdicts_.rbegin(), verdicts_.rend(), is_asked);
    return found == verdicts_.rend() ? nullptr : &*found;
}

}  // namespace amba::daemon
