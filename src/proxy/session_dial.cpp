// What a connection does until it has a backend: PICK and DIAL. How it waits is in
// session_wait.cpp, how two backends are raced in session_hedge.cpp, the rest of its story in
// session.cpp.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"
#include "proxy/session.hpp"

namespace amba::proxy {

using balance::Backend;
using core::EndedBy;
using core::Stage;

namespace {

// What every connect needs, whatever the backend: descriptors and memory. Local ports are counted
// for each backend.
bool is_for_all(int shortage) {
    return net::is_local_shortage(shortage) && shortage != EADDRNOTAVAIL && shortage != EADDRINUSE;
}

}  // namespace

// ---- PICK ----

std::span<Backend* const> Session::tried() const {
    if (!extra_) return {};
    return extra_->tried.list();
}

// At most `retries` further tries in a row.
bool Session::may_try() const {
    return tried().size() <= static_cast<std::size_t>(frontend_.settings().retries);
}

balance::Choice Session::pick() const {
    const bool by_source = frontend_.settings().algorithm == balance::Algorithm::kSource;
    return frontend_.backends().pick({tried(), by_source ? net::peer_hash(client_.get()) : 0});
}

void Session::dial_next() {
    // Those that came before have their turn first.
    if (!has_tried() && frontend_.queue().is_due()) return wait(Wait::kRoom);
    while (dialing_) {
        const bool in_time = shared_.poller.now() < moment_;
        const balance::Choice choice = in_time ? pick() : balance::Choice();
        if (choice.backend == nullptr || !may_try()) return none_to_dial(choice);
        switch (dial_chosen(*choice.backend)) {
            case Dialed::kUnderWay: return;
            case Dialed::kFailed: break;
            case Dialed::kShort:
                if (!has_slow()) return wait(Wait::kPause);
                return shared_.deadlines.set(*this, moment_);
        }
    }
}

// There is nobody untried that takes it now, or `retries` are used up.
void Session::none_to_dial(balance::Choice choice) {
    // A connect that is under way may still succeed.
    if (has_slow()) return shared_.deadlines.set(*this, moment_);
    const bool may = may_try();
    if (choice.full && may) return wait(Wait::kRoom);
    const Settings& settings = frontend_.settings();
    if (frontend_.backends().pool().weighted() == 0) {
        return settings.hold ? wait(Wait::kBackend) : give_up(EndedBy::kProxy);
    }
    if (settings.hold) return wait(Wait::kPause);
    const EndedBy why = extra_ ? extra_->why : EndedBy::kProxy;
    const bool used_up = settings.retries == 0 || (!may && (choice.backend || choice.full));
    // A server that took the connection and reset it has answered.
    const bool is_told = extra_ && extra_->was_reset;
    if (used_up || is_told || shared_.poller.now() >= moment_) return give_up(why);
    wait(Wait::kPause);
}

// ---- DIAL ----

Session::Dialed Session::dial_chosen(Backend& backend) {
    // A backend that does not answer must leave time for those that are still to be tried.
    const auto retries = static_cast<std::size_t>(frontend_.settings().retries);
    const std::size_t tries = tried().size();
    const std::size_t candidates = std::max(frontend_.backends().pool().weighted(), tries + 1);
    const std::size_t most = std::max(std::min(retries + 1, candidates), tries + 1);
    const core::Time now = shared_.poller.now();
    return dial(backend, now + (moment_ - now) / static_cast<int>(most - tries));
}

Session::Dialed Session::dial(Backend& backend, core::Time try_deadline) {
    net::Connecting attempt = net::connect_to(backend.endpoint);
    if (attempt.error == 0 &&
        !shared_.poller.add(attempt.socket.get(), *this, server_slot_, kBothEnds)) {
        attempt.error = ENOMEM;
    }
    if (attempt.error != 0) return not_dialed(backend, attempt.error);
    server_ = std::move(attempt.socket);
    if (has_slow()) {
        extra_->raced = true;
        ++frontend_.tallies().hedges;
    } else if (has_tried()) {
        ++frontend_.tallies().retries;
    }
    if (extra_ && (has_tried() || extra_->pause.count() > 0)) {
        extra_->dialed_at = shared_.poller.now();
    }
    if (extra_ && extra_->line) ++extra_->line->tries;
    lease_ = frontend_.backends().lease(backend);
    relay_.set_socket(Side::kBackend, server_.get());
    hedging_ = may_hedge();
    if (hedging_) {
        try_deadline =
            std::min(try_deadline, shared_.poller.now() + frontend_.backends().hedge_after());
    }
    shared_.deadlines.set(*this, try_deadline);
    return Dialed::kUnderWay;
}

Session::Dialed Session::not_dialed(Backend& backend, int error) {
    const bool here = net::is_refused_here(error);
    extra().why = here ? EndedBy::kResource : EndedBy::kServer;
    if (here) frontend_.backends().lacks(backend, error);
    if (is_for_all(error)) return Dialed::kShort;
    remember_try(backend);
    if (!here) frontend_.backends().connect_failed(backend, error, balance::Fault::kBackend);
    return Dialed::kFailed;
}

void Session::dial_ready(std::uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP)) {
        const int error = net::error_before_bytes(server_.get());
        if (error != 0) return dial_failed(error);
    }
    if ((events & EPOLLOUT) == 0) return;
    if (met_itself(*lease_, server_.get())) return dial_failed(ECONNREFUSED);
    relay_.on_events(Side::kBackend, events);
    connected();
}

void Session::dial_failed(int error) {
    balance::Lease failed = leave_dial();
    remember_try(*failed);
    const core::Clock::duration lasted = shared_.poller.now() - extra_->dialed_at;
    const core::Duration fair =
        std::min(frontend_.backends().hedge_after(), frontend_.settings().connect_timeout / 4);
    try_failed(std::move(failed), error, lasted >= fair);
    dial_next();
}

// With an error of 0 there was no answer in its time, which counts when it had a fair one: the last
// try of a connection may have had the rest of `timeouts.connect`.
void Session::try_failed(balance::Lease lease, int error, bool fair) {
    extra_->why = error == 0 ? EndedBy::kServerTimeout : EndedBy::kServer;
    extra_->was_reset |= error == ECONNRESET;
    frontend_.backends().connect_failed(*lease, error, fault_of(error, fair));
}

balance::Fault Session::fault_of(int error, bool fair) const {
    if (error == 0 && !fair) return balance::Fault::kNetwork;
    if (error == ECONNRESET && !is_silent()) return balance::Fault::kClient;
    return balance::Fault::kBackend;
}

// Its socket is closed, and what the poller may still have of it is not to be taken for the next.
balance::Lease Session::leave_dial() {
    clear();
    server_.reset();
    shared_.poller.forget(*this, server_slot_);
    return std::move(lease_);
}

void Session::remember_try(Backend& backend) {
    extra().tried.add(backend);
}

void Session::give_up(EndedBy by) {
    frontend_.refused(by);
    finish({by, by == EndedBy::kProxy ? Stage::kQueue : Stage::kConnect}, End::kReset);
}

// The time of what is under way is over.
void Session::dial_overdue() {
    if (queued_) return wait_is_over();
    const bool slow = hedging_;
    hedging_ = false;
    if (slow && shared_.poller.now() < moment_) {
        frontend_.backends().slow(*lease_);
        return hedge();
    }
    const bool alone = !server_;
    if (has_slow()) slow_failed(0);  // which goes on by itself when there is no second
    if (!alone) dial_failed(0);
}

// Nobody listened there, and the kernel had chosen the backend's own address and port for this end
// (RFC 9293, 3.5: simultaneous open). Closed with a reset, it leaves the port free at once.
bool Session::met_itself(Backend& backend, int fd) const {
    using enum balance::Whereabouts;
    if (backend.whereabouts == kElsewhere) return false;
    const auto own = net::local_of(fd);
    if (!own) return false;
    backend.whereabouts = own->address == backend.endpoint.address ? kOnOwnAddress : kElsewhere;
    if (*own != backend.endpoint) return false;
    net::reset_on_close(fd);
    return true;
}

// ---- established and lost ----

// The backend aborted before a byte went either way, as one does that is killed with connections in
// its queue: for the client, as long as it is there, nothing has happened yet.
bool Session::lost_before_a_byte(std::uint32_t events) const {
    return (events & EPOLLERR) != 0 && !lingering_ && relay_.untouched() &&
           net::arrived(server_.get()) != net::Arrived::kBytes &&
           net::arrived(client_.get()) != net::Arrived::kEnd;
}

// The client has neither said anything nor left, so that a reset is the backend's own doing: one
// client whose bytes make servers reset must not take them away from all others.
bool Session::is_silent() const {
    return relay_.silent() && net::arrived(client_.get()) == net::Arrived::kNothing;
}

void Session::redial() {
    const bool silent = is_silent();
    dialing_ = true;
    kept_alive_ = false;
    balance::Lease lost = leave_dial();
    relay_.forget_backend();
    remember_try(*lost);
    extra_->was_reset = true;
    extra_->why = EndedBy::kServer;
    extra_->dials_since = shared_.poller.now();
    moment_ = shared_.poller.now() + frontend_.settings().connect_timeout;
    frontend_.connections().dials(*this);
    frontend_.backends().lost(std::move(lost), silent);
    dial_next();
}

}  // namespace amba::proxy
