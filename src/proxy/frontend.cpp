#include "proxy/frontend.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "amba/log/log.hpp"
#include "amba/net/tcp.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::BackendPtr;
using balance::State;
using core::EndedBy;
using namespace std::chrono_literals;

namespace {

// Connections accepted in one go, before others have their turn.
constexpr int kAcceptBatch = 64;
// A listener that is out of descriptors looks again after this, or when a connection ends.
constexpr auto kPause = 100ms;
// Handshakes that have begun when a listener leaves have this long to end.
constexpr auto kLastCall = 100ms;
// Resets by backends in mid-stream are folded into one line per frontend and this time.
constexpr auto kResetLineEvery = 10s;

}  // namespace

Frontend::Frontend(Shared& shared, Plan plan) :
    shared_(shared), settings_(std::move(plan.settings)), pool_(std::move(plan.pool)) {
    shared_.frontends.emplace(settings_.bind, this);
    if (settings_.bind.wide()) shared_.wide.emplace(settings_.bind.endpoint.port, this);
}

// ---- accepting ----

void Frontend::listen(net::Descriptor listener) {
    listener_ = std::move(listener);
    if (retired_) {
        retired_ = false;
        shared_.retired.erase(this);
        clear();  // a drain that was under way
    }
    watch();
}

// Level-triggered: an edge would have to be followed by an accept that finds nothing.
void Frontend::watch() {
    if (shared_.poller.add_level(listener_.get(), *this, 0, EPOLLIN)) return;
    log::error("bind",
               "frontend " + settings_.name + " cannot be watched: " + std::strerror(errno));
}

void Frontend::close_listener(bool heir) {
    if (!listener_) return;
    close_now();
    net::retire_listener(listener_.get());
    closing_.listener = std::move(listener_);
    if (!heir) return close_now();
    shared_.poller.remove(closing_.listener.get());
    shared_.poller.add(closing_.listener.get(), *this, 0, EPOLLIN);
    while (accept_one(closing_.listener)) {
    }
    shared_.deadlines.set(closing_, shared_.poller.now() + kLastCall);
}

void Frontend::close_now() {
    closing_.clear();
    while (accept_one(closing_.listener)) {
    }
    closing_.listener.reset();
    end_if_empty();
}

std::vector<int> Frontend::sockets() const {
    std::vector<int> out;
    for (const net::Descriptor* fd : {&listener_, &closing_.listener}) {
        if (*fd) out.push_back(fd->get());
    }
    return out;
}

void Frontend::on_ready(unsigned, std::uint32_t) {
    accept_some();
}

void Frontend::accept_some() {
    while (accept_one(closing_.listener)) {
    }
    // One at a time when they come one at a time; more while each round finds some left.
    const bool in_a_row =
        std::exchange(accept_round_, shared_.poller.rounds()) + 1 == accept_round_;
    accept_batch_ = in_a_row ? std::min(accept_batch_ * 2, kAcceptBatch) : 1;
    // After a pause to the end of the queue: only what finds nothing more tells that it is over.
    for (int i = 0; i < accept_batch_ || waiting_; ++i) {
        if (!accept_one(listener_)) return;
    }
}

// False when the queue is empty or nothing can be taken from it now.
bool Frontend::accept_one(const net::Descriptor& listener) {
    if (!listener) return false;
    if (shared_.full()) {
        pause(kPause, "all descriptors are in use");
        return false;
    }
    const int fd = accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        admit(fd);
        return true;
    }
    switch (errno) {
        case EAGAIN: waiting_ = false; return false;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM: pause(kPause, std::strerror(errno)); return false;
        // accept(2): pending network errors of the new socket, and clients that left the queue.
        default: return errno != EBADF && errno != EINVAL && errno != ENOTSOCK;
    }
}

void Frontend::pause(core::Duration for_at_most, const char* why) {
    if (retired_) return;  // its deadline is that of its drain
    shared_.deadlines.set(*this, shared_.poller.now() + for_at_most);
    if (paused_) return;
    paused_ = true;
    waiting_ = true;
    shared_.poller.remove(listener_.get());
    shared_.paused.push_back(this);
    if (said_resources_) return;
    said_resources_ = true;
    log::warning("descriptors", "frontend " + settings_.name + " accepts no more for now, at " +
                                    count_of(shared_.sessions, "connection") + ": " + why +
                                    "; new ones wait in the kernel's queue");
}

void Frontend::resume() {
    clear();
    std::erase(shared_.paused, this);
    paused_ = false;
    if (listener_) watch();
}

void Frontend::admit(int fd) {
    auto* session = new Session(*this, shared_, net::Descriptor(fd));
    sessions_.push_back(*session);
    ++current_;
    ++total_;
    shared_.ebb.began(++shared_.sessions);
    session->start();
}

// ---- swapping ----

void Frontend::update(Settings settings, std::shared_ptr<balance::Pool> pool) {
    settings_ = std::move(settings);
    replace_pool(std::move(pool));
}

void Frontend::replace_pool(std::shared_ptr<balance::Pool> pool) {
    pool->carry_over(*pool_);
    std::swap(pool_, pool);
    departures_.pool_replaced(std::move(pool));
}

Known Frontend::known() {
    departures_.finish();  // all that left are in its list then
    return {settings_.bind, pool_, departures_.backends()};
}

void Frontend::retire(bool heir) {
    close_listener(heir);
    clear();
    std::erase(shared_.paused, this);
    paused_ = false;
    retired_ = true;
    shared_.retired.insert(this);
    if (current_ > 0) {
        const std::string who =
            "frontend " + settings_.name + " left with " + count_of(current_, "connection");
        switch (settings_.removed.kind) {
            case Removed::Kind::kKeep: log::info("drain", who + ", kept until they end"); break;
            case Removed::Kind::kDrain:
                log::info("drain", who + ", closed in " + core::to_string(settings_.removed.drain));
                shared_.deadlines.set(*this, shared_.poller.now() + settings_.removed.drain);
                break;
            case Removed::Kind::kClose:
                log::info("drain", who + ", closed now");
                abort_all(EndedBy::kDown);
                break;
        }
    }
    end_if_empty();
}

void Frontend::on_again() {
    if (departures_.go_on()) shared_.poller.again(*this);
}

void Frontend::on_deadline() {
    if (!retired_) return resume();
    log::info("drain", "frontend " + settings_.name + ": time is up, " +
                           count_of(current_, "connection") + " closed");
    abort_all(EndedBy::kDown);
}

void Frontend::end_if_empty() {
    if (!retired_ || !sessions_.empty() || closing_.listener || buried()) return;
    clear();
    shared_.retired.erase(this);
    shared_.frontends.erase(settings_.bind);
    std::erase_if(shared_.wide, [this](const auto& at) { return at.second == this; });
    shared_.poller.bury(*this);
}

void Frontend::close_connections(const Departures::Backends& backends) {
    std::vector<Session*> closing;
    for (Session& session : sessions_) {
        if (backends.contains(session.backend())) closing.push_back(&session);
    }
    for (Session* session : closing)
        session->leave_backend(EndedBy::kDown);
}

void Frontend::released(Backend& backend) {
    if (--backend.users == 0) departures_.unused(backend);
}

void Frontend::abort_all(EndedBy by) {
    std::vector<Session*> all;
    for (Session& session : sessions_)
        all.push_back(&session);
    for (Session* session : all)
        session->abort(by);
}

// ---- what sessions tell ----

std::string Frontend::describe(const Backend& backend) const {
    std::string text = "backend " + backend.endpoint.to_string();
    const balance::Member* member = pool_->find(backend.endpoint);
    if (member != nullptr && member->origin != backend.endpoint.to_string()) {
        text += " (" + member->origin + ")";
    }
    return text + " of frontend " + settings_.name;
}

void Frontend::connected(Backend& backend) {
    ++backend.connections_current;
    ++backend.connections_total;
    backend.connected_at = shared_.poller.now();
    said_empty_ = false;
    if (backend.state == State::kHealthy) return;
    if (backend.state == State::kUnhealthy) log::info("up", describe(backend) + " answers again");
    backend.state = State::kHealthy;
}

void Frontend::connect_failed(Backend& backend, const char* why) {
    ++backend.connections_failed;
    if (const balance::Member* member = pool_->find(backend.endpoint);
        member && shared_.connect_failed) {
        shared_.connect_failed(member->origin);
    }
    if (backend.state == State::kUnhealthy) return;
    backend.state = State::kUnhealthy;
    log::warning("down", describe(backend) + " cannot be connected to: " + why);
}

void Frontend::backend_reset(Backend& backend) {
    ++resets_unlogged_;
    const core::Time now = shared_.poller.now();
    if (now < next_reset_line_) return;
    next_reset_line_ = now + kResetLineEvery;
    const std::string more = resets_unlogged_ > 1
                                 ? " (" + std::to_string(resets_unlogged_) + " since the last line)"
                                 : std::string();
    resets_unlogged_ = 0;
    log::warning("reset", describe(backend) + " reset a connection in mid-stream" + more);
}

void Frontend::no_backend(EndedBy by, std::size_t tries) {
    ++failed_;
    if (by == EndedBy::kResource || said_empty_) return;
    said_empty_ = true;
    log::warning("refused", "frontend " + settings_.name + " resets connections: " +
                                (tries == 0 ? std::string("it has no backend with a weight above 0")
                                            : "none of " + count_of(tries, "backend") +
                                                  " tried could be connected to"));
}

void Frontend::out_of_resources(int error) {
    if (said_resources_) return;
    said_resources_ = true;
    log::warning("descriptors", "frontend " + settings_.name +
                                    " cannot open a socket to a backend: " + std::strerror(error));
}

void Frontend::ended(Session& session, bool served, core::Outcome) {
    static_cast<SessionHook&>(session).unlink();
    --current_;
    shared_.ebb.ended(--shared_.sessions);
    const BackendPtr backend = session.take_backend();
    if (served) {
        --backend->connections_current;
        backend->bytes_up += session.bytes_up();
        backend->bytes_down += session.bytes_down();
    }
    if (backend) released(*backend);
    if (!shared_.paused.empty()) {
        for (Frontend* waiting : std::vector<Frontend*>(shared_.paused))
            waiting->resume();
    } else if (said_resources_ && !waiting_ && shared_.sessions < shared_.max_sessions / 2) {
        said_resources_ = false;
        log::info("descriptors", "frontend " + settings_.name + " has descriptors to spare again");
    }
    if (shared_.session_ended) shared_.session_ended();
    end_if_empty();
}

}  // namespace amba::proxy
