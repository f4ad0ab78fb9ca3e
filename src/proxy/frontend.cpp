// A frontend as an address: accepting, the table it is in, and the ends of its connections.
#include "proxy/frontend.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "amba/core/count_of.hpp"
#include "amba/log/log.hpp"
#include "amba/net/tcp.hpp"

namespace amba::proxy {

using core::count_of;
using core::EndedBy;
using namespace std::chrono_literals;

namespace {

// Connections accepted in one go, before others have their turn.
constexpr int kAcceptBatch = 64;
// A listener that is out of descriptors looks again after this, or when a connection ends.
constexpr auto kPause = 100ms;
// Handshakes that have begun when a listener leaves have this long to end.
constexpr auto kLastCall = 100ms;

}  // namespace

Frontend::Frontend(Shared& shared, Plan plan) :
    shared_(shared), settings_(std::move(plan.settings)),
    backends_(settings_, shared, *this, std::move(plan.pool)) {
    shared_.frontends.emplace(settings_.bind, this);
    if (settings_.bind.wide()) shared_.wide.emplace(settings_.bind.endpoint.port, this);
    pool_replaced();
}

// ---- accepting ----

void Frontend::listen(net::Descriptor listener, net::Reservation reservation) {
    listener_ = std::move(listener);
    reservation_ = std::move(reservation);
    watched_ = false;
    at_maxconn_ = is_full();
    watch();
}

// The poller has the listener while it may accept. Level-triggered: an edge would have to be
// followed by an accept that finds nothing.
void Frontend::watch() {
    const bool wanted = listener_ && !paused_ && !at_maxconn_;
    if (wanted == watched_) return;
    watched_ = wanted;
    if (!wanted) return shared_.poller.remove(listener_.get());
    if (shared_.poller.add_level(listener_.get(), *this, 0, EPOLLIN)) return;
    watched_ = false;
    log::error("bind",
               "frontend " + settings_.name + " cannot be watched: " + std::strerror(errno));
}

void Frontend::close_listener(bool heir) {
    if (!listener_) return;
    close_now();
    net::retire_listener(listener_.get());
    if (watched_) shared_.poller.remove(listener_.get());
    watched_ = false;
    closing_.listener = std::move(listener_);
    closing_.reservation = std::move(reservation_);
    if (!heir) return close_now();
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
    closing_.reservation.reset();
    if (retired_) shared_.poller.again(*this);
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
    if (is_full() && &listener == &listener_) {
        pause_at_maxconn();
        return false;
    }
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
    watch();
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
    watch();
}

// As HAProxy has it: what is above a frontend's maxconn waits in the kernel's queue.
void Frontend::pause_at_maxconn() {
    at_maxconn_ = true;
    watch();
    if (std::exchange(said_maxconn_, true)) return;
    log::warning("maxconn", "frontend " + settings_.name + " has its maxconn of " +
                                count_of(settings_.maxconn, "connection") +
                                "; new ones wait in the kernel's queue");
}

void Frontend::leave_maxconn() {
    if (!at_maxconn_ || is_full()) return;
    at_maxconn_ = false;
    watch();
}

void Frontend::admit(int fd) {
    auto* session = new Session(*this, shared_, net::Descriptor(fd));
    dialing_.push_back(*session);
    ++current_;
    ++total_;
    tallies_.rate.add(shared_.poller.now());
    shared_.budget.add(net::Budget::Use::kConnections, Shared::kOfConnection);
    shared_.ebb.began(++shared_.sessions);
    session->start();
}

// ---- swapping ----

void Frontend::update(Settings settings, std::shared_ptr<balance::Pool> pool) {
    revive();
    settings_ = std::move(settings);
    replace_pool(std::move(pool));
    leave_maxconn();
}

void Frontend::replace_pool(std::shared_ptr<balance::Pool> pool) {
    backends_.replace(std::move(pool));
}

void Frontend::pool_replaced() {
    pool_is_new_ = true;
    if (refusing_) refusing_ = !backends_.has_hope();
    serve_queue_soon(Due::kNews);
    shared_.poller.again(*this);
}

void Frontend::tell_pool() {
    if (retired_) return;  // whoever looks after it was told that it has left
    if (shared_.told.pool_changed) {
        shared_.told.pool_changed(settings_.bind, backends_.shared_pool());
    }
    for (auto at = dialing_.begin(); at != dialing_.end();)
        (at++)->pool_changed();
}

// Into the table again, with what it has. First of all that changes: it must not go, as one that is
// out of the table does, should its last connection end meanwhile.
void Frontend::revive() {
    if (!std::exchange(retired_, false)) return;
    shared_.retired.erase(this);
    clear();  // a drain that was under way
}

Known Frontend::known() {
    return {settings_.bind, backends_.shared_pool(), backends_.all_leaving()};
}

void Frontend::retire(bool heir) {
    close_listener(heir);
    if (shared_.told.frontend_left) shared_.told.frontend_left(settings_.bind);
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
    shared_.poller.again(*this);
}

// What follows from all that has changed since the last turn.
void Frontend::on_again() {
    backends_.go_on();
    if (std::exchange(pool_is_new_, false)) tell_pool();
    serve_queue();
    end_if_empty();
}

void Frontend::on_deadline() {
    if (!retired_) return resume();
    log::info("drain", "frontend " + settings_.name + ": time is up, " +
                           count_of(current_, "connection") + " closed");
    abort_all(EndedBy::kDown);
}

void Frontend::end_if_empty() {
    if (!retired_ || current_ > 0 || closing_.listener || buried()) return;
    clear();
    shared_.retired.erase(this);
    shared_.frontends.erase(settings_.bind);
    std::erase_if(shared_.wide, [this](const auto& at) { return at.second == this; });
    shared_.poller.bury(*this);
}

void Frontend::close_connections(const BackendSet& backends) {
    std::vector<Session*> closing;
    for (Sessions* list : {&dialing_, &established_}) {
        for (Session& session : *list) {
            if (session.uses(backends)) closing.push_back(&session);
        }
    }
    for (Session* session : closing)
        session->leave(backends, EndedBy::kDown);
}

// Of a moment: one of them that is called changes no other.
std::vector<Session*> Frontend::all_sessions() {
    std::vector<Session*> all;
    for (Sessions* list : {&dialing_, &established_, &queue_, &tried_queue_}) {
        for (Session& session : *list)
            all.push_back(&session);
    }
    return all;
}

void Frontend::abort_all(EndedBy by) {
    for (Session* session : all_sessions())
        session->abort(by);
}

// ---- what sessions tell ----

void Frontend::no_backend(EndedBy by) {
    ++failed_;
    if (by == EndedBy::kResource || std::exchange(refusing_, true)) return;
    std::string why = "none of its backends could be connected to within " +
                      core::to_string(settings_.connect_timeout);
    if (by == EndedBy::kProxy) {
        why = shared_.told.why_empty ? shared_.told.why_empty(settings_.bind) : "";
        if (why.empty()) why = "it has no backend with a weight above 0";
    }
    log::warning("refused", "frontend " + settings_.name + " resets connections: " + why);
}

void Frontend::connected(Session& session) {
    static_cast<SessionHook&>(session).unlink();
    established_.push_back(session);
    refusing_ = false;
    backends_.connected(*session.backend());
}

void Frontend::dials_again(Session& session) {
    static_cast<SessionHook&>(session).unlink();
    dialing_.push_back(session);
}

void Frontend::ended(Session& session, core::Outcome outcome) {
    tallies_.ended(outcome, shared_.poller.now() - session.accepted());
    if (!outcome.normal() || session.line() != nullptr) tell_end(session, outcome);
    if (session.queued()) --queued_;
    static_cast<SessionHook&>(session).unlink();
    --current_;
    shared_.budget.give_back(net::Budget::Use::kConnections, Shared::kOfConnection);
    shared_.ebb.ended(--shared_.sessions);
    balance::Lease lease = session.take_lease();
    tallies_.bytes_up += session.bytes_up();
    tallies_.bytes_down += session.bytes_down();
    if (lease.established()) {
        backends_.served(*lease, session.bytes_up(), session.bytes_down());
    }
    lease.end();
    if (!shared_.paused.empty()) {
        for (Frontend* waiting : std::vector<Frontend*>(shared_.paused))
            waiting->resume();
    } else if (said_resources_ && !waiting_ && shared_.budget.is_half_free()) {
        said_resources_ = false;
        log::info("descriptors", "frontend " + settings_.name + " has descriptors to spare again");
    }
    leave_maxconn();
    if (shared_.session_ended) shared_.session_ended();
    if (retired_) shared_.poller.again(*this);
}

}  // namespace amba::proxy
