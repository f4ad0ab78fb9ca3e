// What happens in which order at start and at the end; all else is done by the rooms that it wires
// up.
#include "daemon/daemon.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <utility>

#include "amba/core/version.hpp"
#include "amba/files/id.hpp"
#include "amba/log/log.hpp"
#include "amba/net/budget.hpp"
#include "amba/net/memory_budget.hpp"
#include "daemon/give_back.hpp"

namespace amba::daemon {

using namespace std::chrono_literals;

namespace {

constexpr const char* kJson = "application/json";
constexpr auto kQuiet = 1s;
const admin::Reply kStopping{503, "text/plain", "stopping"};

// Blocks signals on the way out: their defaults come back when Asio's signal set is destroyed, and
// one more SIGTERM would then turn exit code 0 into 143.
void hold_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// Asked of an active.json by a version that knew no digests: its time is that of the config.json
// that it came from.
bool is_older(const volume::ConfigLook& look, const volume::ActiveDocument& active) {
    return active.without_digest && look.seen.mark.modified_ns < active.modified_ns;
}
bool is_the_same(const volume::ConfigLook& look, const volume::ActiveDocument& active) {
    return active.without_digest && look.wanted.table == active.table;
}

}  // namespace

core::Exit run(Options options) {
    return Daemon(std::move(options)).run();
}

Daemon::Daemon(Options options) :
    options_(std::move(options)), id_(files::random_id()),
    server_(loop_, [this](const auto& request, auto respond) { handle(request, respond); }),
    activate_(loop_, offload_, resolver_, deadlines_, poller_, std::hash<std::string>{}(id_),
              server_, options_.admin),
    reload_(activate_, offload_, options_.paths, id_, options_.words),
    orphan_watch_(loop_, activate_.proxy(), options_.orphan_exit, [this] { orphaned(); }),
    answers_(activate_, reload_, orphan_watch_, loop_, server_, id_),
    signals_(loop_, SIGTERM, SIGINT, SIGHUP),
    drain_(loop_, activate_.proxy(), options_.drain_timeout, options_.drain_accept,
           [this](const std::string& why) { end(why); }),
    fold_timer_(loop_), kept_timer_(loop_), restore_timer_(loop_) {}

Daemon::~Daemon() {
    log::on_folded(nullptr);
    log::on_kept(nullptr);
}

core::Exit Daemon::run() {
    log::info("start", "amba " + core::version() + ", pid " + std::to_string(getpid()) +
                           ", volume " + options_.paths.directory + ", daemon " + id_);
    if (!take_lock() || !open_sockets()) return core::kFailed;
    activate_.proxy().log_connections(options_.log_connections);
    log::on_folded([this] { fold_later(); });
    log::on_kept([this] { keep_writing(); });
    on_signals();
    orphan_watch_.start();
    // Watched before it is read, so that no change is missed between the two.
    watch_.emplace(
        loop_, options_.paths.directory, "config.json", [this] { reload_.changed(); },
        options_.poll);
    watch_->keep(options_.paths.state, {"amba.sock", "amba.lock"}, [this] { restore_later(); });
    net::Budget::of_process().measure();
    net::MemoryBudget::of_process();  // finds its control group now, and not for the first client
    try_first(choose_first());
    poller_.run();
    hold_signals();
    offload_.stop();  // its job writes what Reload knows
    return exit_code_;
}

bool Daemon::take_lock() {
    for (const std::string& directory : {options_.paths.directory, options_.paths.state}) {
        struct stat info {};
        if (::stat(directory.c_str(), &info) != 0) ::mkdir(directory.c_str(), 0755);
    }
    std::string doubt;
    auto lock = volume::lock_state(options_.paths, id_, doubt);
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

bool Daemon::open_sockets() {
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
    if (!options_.admin) return true;
    const auto bound = server_.listen_tcp(*options_.admin);
    if (!bound) log::error("exit", "admin: " + bound.error().reason);
    return static_cast<bool>(bound);
}

// Nothing is made again while things happen in the directory: somebody who is removing it must find
// it empty.
void Daemon::restore_later() {
    restore_timer_.expires_after(kQuiet);
    restore_timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        restore_state();
        // What a swap freed after its verdict was written, wherever that was.
        if (offload_.has_had_a_thread()) offload_.run(give_back_heap, nullptr);
        give_back_code();
    });
}

// What helpers find in the state directory is made again when it was removed there, with the
// directory or without: the lock first, since another ambassador may hold it by now.
void Daemon::restore_state() {
    watch_->follow();
    if (!socket_ || stopping_ || !files::file_id(options_.paths.state)) return;
    if (!restore_lock()) {
        socket_.reset();
        return;
    }
    const std::string path = options_.paths.socket();
    if (files::file_id(path) == socket_) return;
    if (const auto bound = server_.listen_unix(path); !bound) {
        // The log says it once. The disk may be full for a while only.
        if (std::exchange(socket_refused_, bound.error().reason) != bound.error().reason) {
            log::warning("volume", path + " was removed: " + bound.error().reason);
        }
        restore_later();
        return;
    }
    socket_refused_.clear();
    // A FileId that no file has, should the socket be gone already.
    socket_ = files::file_id(path).value_or(files::FileId());
    log::info("volume", path + " was removed and is made again");
    reload_.save_again();
    // A watch that polls sees nothing of a socket that is gone again before its next look.
    restore_later();
}

bool Daemon::restore_lock() {
    struct stat held {};
    if (!lock_ || ::fstat(lock_.get(), &held) != 0) return true;
    if (files::file_id(options_.paths.lock()) == files::FileId(held.st_dev, held.st_ino))
        return true;
    std::string doubt;
    auto lock = volume::lock_state(options_.paths, id_, doubt);
    if (!lock) {
        log::error("volume", lock.error().reason + "; this one goes on without the directory");
        return false;
    }
    lock_ = std::move(*lock);
    return true;
}

// In the order of preference: a command line that changed, a config.json that is news, the active
// table, the command line.
std::vector<Daemon::First> Daemon::choose_first() {
    std::vector<First> out;
    auto active = volume::read_active(options_.paths);
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
        out.push_back({known->table, known->revision, known->generation, options_.paths.active()});
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
        log::error("exit", "no table to start with: " + reason);
        loop_.stop();
    };
    if (found_wrong_.empty()) return end_now();
    reload_.reject_found(found_wrong_, end_now);
}

void Daemon::started() {
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

void Daemon::on_signals() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
        if (error) return;
        on_signals();
        if (signal == SIGHUP) {
            log::info("reload", "SIGHUP: judging " + options_.paths.config() + " again");
            return reload_.again();
        }
        stop(signal == SIGTERM ? "SIGTERM" : "SIGINT");
    });
}

// What was folded in the log is told when the crowd is over, should nothing else happen.
void Daemon::fold_later() {
    fold_timer_.expires_after(log::kCrowdTime);
    fold_timer_.async_wait([this](boost::system::error_code error) {
        if (!error && log::write_folded()) fold_later();
    });
}

// Writes on, now and then, while the reader of the log is behind.
void Daemon::keep_writing() {
    kept_timer_.expires_after(log::kKeptTime);
    kept_timer_.async_wait([this](boost::system::error_code error) {
        if (!error && log::write_kept()) keep_writing();
    });
}

void Daemon::stop(const char* signal) {
    if (stopping_) return end(std::string("second ") + signal);
    stopping_ = true;
    answers_.stopping();
    reload_.stop();
    activate_.stop();
    orphan_watch_.stop();
    drain_.begin(signal);
}

void Daemon::orphaned() {
    exit_code_ = core::kOrphaned;
    end("the network namespace has no link for " + core::to_string(*options_.orphan_exit) +
        ", and nobody is connected");
}

void Daemon::end(const std::string& why) {
    const std::size_t left = activate_.proxy().connections();
    log::write_folded(core::Time::max());
    log::info("exit", why + (left > 0 ? ", " + std::to_string(left) + " connection(s) reset" : ""));
    server_.close();
    loop_.stop();
}

void Daemon::handle(const admin::Request& request, admin::Server::Respond respond) {
    if (request.path != "/reload" || !request.local) {
        return answers_.handle(request, std::move(respond));
    }
    if (request.method != "POST") return respond({405, "text/plain", "POST alone\n"});
    const Reload::VerdictQuery question{request.parameter("revision"), request.parameter("sha256")};
    if (question.revision.empty() && question.digest.empty()) {
        return reload_.judge_now(question, [this, respond](const auto& answer) {
            if (answer.stopping) return respond(kStopping);
            respond({200, kJson, standing()});
        });
    }
    reload_.judge_now(question, [respond](const Reload::VerdictReply& answer) {
        if (answer.stopping) return respond(kStopping);
        if (answer.verdict) return respond({200, kJson, volume::to_json(*answer.verdict)});
        respond({409, "text/plain; charset=utf-8", "superseded by " + answer.superseded_by});
    });
}

// Says what serves once all that stands in the volume is judged, for a writer that builds on it.
std::string Daemon::standing() const {
    const ActivePtr active = activate_.active();
    return "{\"generation\": " + std::to_string(active ? active->generation : 0) +
           ", \"saved\": " + (reload_.saved() ? "true" : "false") + "}\n";
}

}  // namespace amba::daemon
