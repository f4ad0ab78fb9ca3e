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
    client_watch_(loop_, activate_.proxy(), options_.exit_with_clients,
                  [this] { end("the last client has gone"); }),
    answers_(activate_, reload_, orphan_watch_, loop_, server_, id_),
    signals_(loop_, SIGTERM, SIGINT, SIGHUP),
    drain_(loop_, activate_.proxy(), options_.drain_timeout, options_.drain_accept,
           [this](const std::string& why) { end(why); }),
    successor_(loop_,
               {activate_, reload_, server_, lock_, options_.paths, options_.words, containers_},
               [this] { handed_over(); }),
    fold_timer_(loop_), kept_timer_(loop_), restore_timer_(loop_) {}

Daemon::~Daemon() {
    log::on_folded(nullptr);
    log::on_kept(nullptr);
}

core::Exit Daemon::run() {
    log::info("start", "amba " + core::version() + ", pid " + std::to_string(getpid()) +
                           ", volume " + options_.paths.directory + ", daemon " + id_);
    const bool first = options_.takeover ? take_over() : take_lock();
    if (!first || !open_sockets()) return core::kFailed;
    activate_.proxy().log_connections(options_.log_connections);
    log::on_folded([this] { fold_later(); });
    log::on_kept([this] { keep_writing(); });
    on_signals();
    orphan_watch_.start();
    client_watch_.start();
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

// Nothing is made again while things happen in the directory: somebody who is removing it must find
// it empty.
void Daemon::restore_later() {
    restore_timer_.expires_after(kQuiet);
    restore_timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        if (successor_.busy()) return restore_later();  // its sockets must not change
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
    successor_.give_up([this, signal] {
        answers_.stopping();
        reload_.stop();
        activate_.stop();
        orphan_watch_.stop();
        client_watch_.stop();
        drain_.begin(signal);
    });
}

// Another process serves in this volume.
void Daemon::handed_over() {
    socket_.reset();
    lock_.reset();
    orphan_watch_.stop();
    client_watch_.stop();
    drain_.wait("handed over, and the last connection has ended");
}

void Daemon::orphaned() {
    exit_code_ = core::kOrphaned;
    end("the network namespace has no link for " + core::to_string(*options_.orphan_exit) +
        ", and nobody is connected");
}

void Daemon::end(const std::string& why) {
    const std::size_t left = activate_.proxy().connections().now;
    log::write_folded(core::Time::max());
    log::info("exit", why + (left > 0 ? ", " + std::to_string(left) + " connection(s) reset" : ""));
    server_.close();
    loop_.stop();
}

void Daemon::handle(const admin::Request& request, admin::Server::Respond respond) {
    if (request.path == "/takeover" && request.local) {
        if (stopping_) return respond(kStopping);
        return successor_.handle(request, std::move(respond));
    }
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
