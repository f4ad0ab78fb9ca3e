// The start: who serves in this volume, which table comes first, and what follows when it serves.
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <thread>
#include <unordered_set>
#include <utility>

#include "amba/log/log.hpp"
#include "amba/net/budget.hpp"
#include "amba/table/words.hpp"
#include "daemon/daemon.hpp"
#include "daemon/give_back.hpp"
#include "daemon/own_container.hpp"

namespace amba::daemon {

using namespace std::chrono_literals;

namespace {

// One that is about to end still has its lock, when nobody listens for it any more.
constexpr auto kLockTime = 3s;
constexpr auto kLookEvery = 20ms;

// Asked of an active.json by a version that knew no digests: its time is that of the config.json
// that it came from.
bool is_older(const volume::ConfigLook& look, const volume::ActiveDocument& active) {
    return active.without_digest && look.seen.mark.modified_ns < active.modified_ns;
}
bool is_the_same(const volume::ConfigLook& look, const volume::ActiveDocument& active) {
    return active.without_digest && look.wanted.table == active.table;
}

}  // namespace

bool Daemon::take_lock() {
    for (const std::string& directory : {options_.paths.directory, options_.paths.state}) {
        struct stat info {};
        if (::stat(directory.c_str(), &info) != 0) ::mkdir(directory.c_str(), 0755);
    }
    std::string doubt;
    auto lock = volume::lock_state(options_.paths, id_, doubt);
    const core::Time until = core::Clock::now() + kLockTime;
    while (!lock && options_.takeover && core::Clock::now() < until) {
        std::this_thread::sleep_for(kLookEvery);
        lock = volume::lock_state(options_.paths, id_, doubt);
    }
    if (!lock) {
        log::error("exit", lock.error().reason);
        return false;
    }
    if (!doubt.empty()) {
        log::warning("volume", doubt + "; it serves, and nothing keeps a second ambassador off");
    }
    lock_ = std::move(*lock);
    return true;
}

// What it has comes here before anything is opened. Nobody may serve in this volume: then this one
// is the first.
bool Daemon::take_over() {
    auto found = Predecessor::ask(options_.paths);
    if (!found) {
        log::error("exit", found.error().reason);
        return false;
    }
    predecessor_ = std::move(*found);
    if (!predecessor_) return take_lock();
    Handover& handover = predecessor_->handover();
    containers_ = std::move(handover.containers);
    if (has_handed_over()) return false;
    log::info("takeover", "from the ambassador that serves in " + options_.paths.state);
    for (std::size_t i = 0; i < handover.sockets.size(); ++i) {
        net::Descriptor fd = std::move(predecessor_->descriptors()[i]);
        const auto& [kind, name] = handover.sockets[i];
        using enum handover::Socket::Kind;
        switch (kind) {
            case kLock: lock_ = std::move(fd); break;
            case kFrontend:
                if (const auto bind = table::parse_bind(name))
                    activate_.proxy().inherited().add(*bind, std::move(fd));
                break;
            case kAdmin: server_.inherit(name, std::move(fd)); break;
            case kSocket: server_.inherit(options_.paths.socket(), std::move(fd)); break;
            case kHidden: server_.inherit(options_.paths.hidden_socket(), std::move(fd)); break;
        }
    }
    activate_.go_on_with(
        {revive(handover, core::Clock::now()), std::move(handover.kept), std::move(handover.names)},
        [this] { return may_serve(); });
    reload_.go_on_from(handover.status.tables_applied, handover.status.tables_rejected);
    return true;
}

// The restart policy of a container starts it again when it has handed over. If it took over then,
// the two would take turns for ever.
bool Daemon::has_handed_over() {
    const std::string own = own_container();
    const bool has = std::find(containers_.begin(), containers_.end(), own) != containers_.end();
    if (own.empty() || !has) return false;
    predecessor_.reset();
    log::error("exit", "this container has handed over to another one, which serves: remove it");
    return true;
}

// All is prepared. From now on helpers ask this one.
std::string Daemon::may_serve() {
    if (!predecessor_) return {};
    std::string why = predecessor_->may_serve();
    if (why.empty()) open_local_socket();
    return why;
}

// This one serves: the other may leave, and has no frontend that this one lacks.
bool Daemon::replace_predecessor() {
    proxy::InheritedSockets& inherited = activate_.proxy().inherited();
    std::unordered_set<core::Bind, core::BindHash> spare;
    for (const core::Bind& bind : inherited.all())
        spare.insert(bind);
    activate_.proxy().list_sockets([&](const core::Bind& bind, int) { spare.erase(bind); });
    inherited.clear();
    server_.forget_inherited();
    const std::string why = predecessor_->serves({spare.begin(), spare.end()});
    predecessor_.reset();
    if (!why.empty()) {
        exit_code_ = core::kFailed;
        end(why);
        return false;
    }
    if (lock_) volume::sign_lock(lock_, id_);
    net::Budget::of_process().measure();  // without what was inherited for a moment
    log::info("takeover", "done: this ambassador serves in place of the other");
    return true;
}

bool Daemon::open_sockets() {
    if (!predecessor_) open_local_socket();
    if (!options_.admin) return true;
    const auto bound = server_.listen_tcp(*options_.admin);
    if (!bound) log::error("exit", "admin: " + bound.error().reason);
    return static_cast<bool>(bound);
}

void Daemon::open_local_socket() {
    if (const auto bound = server_.listen_unix(options_.paths.socket()); !bound) {
        log::warning("volume", bound.error().reason + "; " +
                                   files::ownership(options_.paths.state) +
                                   "; it serves, but its table does not survive a restart, and "
                                   "helpers in another network namespace get no verdict");
        reload_.said_unwritable();
        // `amba healthcheck` in this container needs a socket: if it failed, an ambassador that
        // serves well would be restarted.
        const std::string hidden = options_.paths.hidden_socket();
        if (!hidden.empty()) (void)server_.listen_unix(hidden);
    } else {
        socket_ = files::file_id(options_.paths.socket()).value_or(files::FileId());
    }
}

// In the order of preference: a command line that changed, a config.json that is news, the active
// table, the command line.
std::vector<Daemon::First> Daemon::choose_first() {
    std::vector<First> out;
    auto active = predecessor_ ? std::move(predecessor_->handover().active)
                               : volume::read_active(options_.paths);
    if (!active) log::warning("volume", active.error().reason + "; it is skipped");
    const volume::ActiveDocument* known = active && *active ? &**active : nullptr;
    const auto from_words = [&] {
        out.push_back(
            {*options_.table, "command-line-" + id_.substr(0, 12), 0, "the command line"});
    };
    if (known != nullptr) known_generation_ = known->generation;
    const bool words_changed =
        options_.table && known != nullptr && known->command_line != options_.words;
    if (words_changed) from_words();
    take_config(known, words_changed, out);
    if (known != nullptr) {
        out.push_back({known->table, known->revision, known->generation,
                       predecessor_ ? "the other ambassador" : options_.paths.active()});
    }
    if (options_.table && !words_changed) from_words();
    return out;
}

// config.json is news when its content is not what the active table has answered already.
void Daemon::take_config(const volume::ActiveDocument* known, bool words_changed,
                         std::vector<First>& out) {
    volume::ConfigState before;
    if (known != nullptr) before.digest = known->judged;
    volume::ConfigLook look = volume::look_at_config(options_.paths, before);
    std::string remembered = before.digest;
    std::string passed_over;
    bool news = look.news == volume::ConfigNews::kChanged;
    if (news && known != nullptr && is_the_same(look, *known)) {
        remembered = look.seen.digest;
        news = false;
    } else if (look.news != volume::ConfigNews::kNone && words_changed) {
        passed_over = "the command line has changed and comes first";
    } else if (news && known != nullptr && is_older(look, *known)) {
        passed_over = "it was written before the active table was made";
    }
    reload_.found(look, remembered, passed_over);
    if (!news || !passed_over.empty()) return;
    const std::string refusal =
        known == nullptr ? volume::refused(look.wanted, 0, "")
                         : volume::refused(look.wanted, known->generation, known->revision);
    if (look.wanted.table && !refusal.empty()) {
        found_wrong_ = refusal;
    } else if (look.wanted.table) {
        out.push_back({std::move(*look.wanted.table), look.wanted.revision, 0,
                       options_.paths.config(), true});
    } else {
        found_wrong_ = look.wanted.reason;
    }
}

void Daemon::try_first(std::vector<First> choices) {
    activate_.continue_after(known_generation_);
    if (choices.empty()) {
        if (const std::string why = predecessor_ ? may_serve() : ""; !why.empty()) {
            return cannot_start(why);
        }
        log::info("wait", "no table yet: waiting for " + options_.paths.config());
        return started();
    }
    First first = std::move(choices.front());
    choices.erase(choices.begin());
    log::info("start", "table from " + first.from);
    reload_.first(std::move(first.table), first.revision, first.generation, first.from_config,
                  [this, from_config = first.from_config,
                   choices = std::move(choices)](const std::string& reason) {
                      if (reason.empty()) return started();
                      if (from_config) found_wrong_ = reason;
                      if (!from_config || choices.empty()) return cannot_start(reason);
                      log::warning("start", "the table from " + options_.paths.config() +
                                                " cannot serve: " + reason);
                      try_first(choices);
                  });
}

// The process ends, rather than run without listening, so that the restart policy sees it.
void Daemon::cannot_start(const std::string& reason) {
    exit_code_ = core::kFailed;
    const auto end_now = [this, reason] {
        log::error("exit", (predecessor_ ? "no takeover: " : "no table to start with: ") + reason);
        loop_.stop();
    };
    if (found_wrong_.empty() || predecessor_) return end_now();
    reload_.reject_found(found_wrong_, end_now);
}

void Daemon::started() {
    if (predecessor_ && !replace_predecessor()) return;
    offload_.go_beside();
    options_.table.reset();
    // A config.json that is wrong is told as it is of an ambassador that runs.
    if (found_wrong_.empty())
        reload_.ready();
    else
        reload_.reject_found(found_wrong_);
    // In a later turn, when the tables to choose from at start are freed too.
    boost::asio::post(loop_, [] {
        give_back_heap();
        give_back_code();
    });
}

}  // namespace amba::daemon
