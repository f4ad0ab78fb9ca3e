// How a connection comes by a backend: does what Dialing decides, and tells Dialing what became of
// it.
#include "proxy/dialer.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"
#include "proxy/session.hpp"

namespace amba::proxy {

using balance::Backend;
using core::EndedBy;
using Event = DialEvent::Kind;

namespace {

constexpr std::uint8_t kSlots = 3;  // the sum of the two slots a backend's socket may have

// True of what every connect needs, whatever the backend: descriptors and memory. Local ports are
// counted for each backend.
bool is_for_all(int shortage) {
    return net::is_local_shortage(shortage) && shortage != EADDRNOTAVAIL && shortage != EADDRINUSE;
}

// With an error of 0 there was no answer.
balance::Fault fault_of(int error, bool fair, const Session& session) {
    if (error == 0 && !fair) return balance::Fault::kNetwork;
    if (error == ECONNRESET && !session.client_is_silent()) return balance::Fault::kClient;
    return balance::Fault::kBackend;
}

// Nobody listened there, and the kernel had chosen the backend's own address and port for this end
// (RFC 9293, 3.5: simultaneous open). Closed with a reset, it leaves the port free at once.
bool met_itself(const Attempt& attempt) {
    using enum balance::Whereabouts;
    Backend& backend = *attempt.lease;
    if (backend.whereabouts == kElsewhere) return false;
    const auto own = net::local_of(attempt.socket.get());
    if (!own) return false;
    backend.whereabouts = own->address == backend.endpoint.address ? kOnOwnAddress : kElsewhere;
    if (*own != backend.endpoint) return false;
    net::reset_on_close(attempt.socket.get());
    return true;
}

}  // namespace

Dialer::Dialer(Session& session, Frontend& frontend, Shared& shared) :
    session_(session), frontend_(frontend), shared_(shared), candidates_(session, frontend, shared),
    dialing_(frontend.settings(), candidates_, session.accepted()) {}

// ---- what happens ----

void Dialer::start() {
    next({Event::kStart});
}

void Dialer::start_again(Attempt lost, bool silent) {
    const balance::BackendPtr backend = lost.lease.get();
    current_.slot = lost.slot;
    frontend_.connections().dials(session_);
    frontend_.backends().lost(std::move(lost.lease), silent);
    next({Event::kStart, backend.get()});
}

void Dialer::on_ready(unsigned slot, std::uint32_t events) {
    const bool is_current = current_.socket && slot == current_.slot;
    Attempt& attempt = is_current ? current_ : slow_;
    if (!attempt.socket || slot != attempt.slot) return;
    int error = 0;
    if (events & (EPOLLERR | EPOLLHUP)) error = net::error_before_bytes(attempt.socket.get());
    if (error == 0 && (events & EPOLLOUT) == 0) return;
    if (error == 0 && met_itself(attempt)) error = ECONNREFUSED;
    if (error == 0) return won(std::move(attempt), events);
    const bool fair = !is_current || dialing_.had_fair_time(shared_.poller.now());
    failed(attempt, is_current ? Event::kFailed : Event::kSlowFailed, error, fair);
}

void Dialer::on_deadline() {
    shared_.poller.refresh_now();
    const DialAction action = decide({Event::kDeadline});
    // The backend is slow: its name may have moved.
    if (action.kind == DialAction::Kind::kHedge) frontend_.backends().slow(*current_.lease);
    act(action);
}

bool Dialer::take_turn() {
    const DialAction action = decide({Event::kTurn});
    if (action.kind == DialAction::Kind::kNothing) return false;
    act(action);
    return true;
}

void Dialer::pool_changed() {
    next({Event::kPoolChanged});
}

bool Dialer::uses(const BackendSet& backends) const {
    return backends.contains(current_.lease.get()) || backends.contains(slow_.lease.get());
}

void Dialer::leave(const BackendSet& backends) {
    const bool current = current_.lease && backends.contains(current_.lease.get());
    if (slow_.lease && backends.contains(slow_.lease.get())) {
        close(slow_).end();
        next({Event::kSlowLeft});  // which does nothing while another connect is under way
    }
    if (!current) return;
    close(current_).end();
    next({Event::kLeft});
}

balance::Lease Dialer::end(bool reset) {
    clear();
    close(slow_).end();
    if (reset && current_.socket) net::reset_on_close(current_.socket.get());
    return close(current_);
}

// ---- what is done ----

void Dialer::next(const DialEvent& event) {
    act(decide(event));
}

// A connection that waits no longer, or waits for something else now, leaves the queue. One that
// has waited to the end of its time leaves it when it ends.
DialAction Dialer::decide(const DialEvent& event) {
    const bool waited = dialing_.waits();
    const DialAction action = dialing_.next(event, shared_.poller.now());
    if (waited && (!dialing_.waits() || action.kind == DialAction::Kind::kWait)) {
        frontend_.queue().leave(session_);
        frontend_.connections().dials(session_);
    }
    return action;
}

void Dialer::act(DialAction action) {
    using Kind = DialAction::Kind;
    while (true) {
        DialEvent event;
        switch (action.kind) {
            case Kind::kNothing: return;
            case Kind::kUntil: return shared_.deadlines.set(*this, action.until);
            case Kind::kExpire: return expire();
            case Kind::kGiveUp: return give_up(action);
            case Kind::kWait:
                frontend_.queue().enter(session_, action.first_wait);
                return shared_.deadlines.set(*this, action.until);
            case Kind::kDial:
                clear();
                event = dial(*action.backend);
                break;
            case Kind::kHedge: event = hedge(); break;
        }
        action = decide(event);
    }
}

DialEvent Dialer::dial(Backend& backend) {
    net::Connecting attempt = net::connect_to(backend.endpoint);
    if (attempt.error == 0 &&
        !shared_.poller.add(attempt.socket.get(), session_, current_.slot, kBothEnds)) {
        attempt.error = ENOMEM;
    }
    if (attempt.error != 0) return not_dialed(backend, attempt.error);
    current_.socket = std::move(attempt.socket);
    current_.lease = frontend_.backends().lease(backend);
    ++tries_;
    if (slow_.socket) {
        ++frontend_.tallies().hedges;
    } else if (dialing_.has_tried()) {
        ++frontend_.tallies().retries;
    }
    return {Event::kUnderWay};
}

DialEvent Dialer::not_dialed(Backend& backend, int error) {
    const bool here = net::is_refused_here(error);
    if (here) frontend_.backends().lacks(backend, error);
    const bool for_all = is_for_all(error);
    if (!here && !for_all) {
        frontend_.backends().connect_failed(backend, error, balance::Fault::kBackend);
    }
    DialEvent event{Event::kNotDialed, &backend};
    event.why = here ? EndedBy::kResource : EndedBy::kServer;
    event.is_for_all = for_all;
    return event;
}

// The one that is dialed becomes the slow one, and another is dialed beside it, should there be
// one.
DialEvent Dialer::hedge() {
    reserved_ = net::Reservation::take(net::Budget::Use::kHedges);
    if (!reserved_) return {Event::kNotHedged};
    slow_ = std::move(current_);
    current_.slot = static_cast<std::uint8_t>(kSlots - slow_.slot);
    return {Event::kHedged};
}

// The slow one first, so that the last that fails finds nobody under way.
void Dialer::expire() {
    const bool has_current = static_cast<bool>(current_.socket);
    const bool fair = dialing_.had_fair_time(shared_.poller.now());
    if (slow_.socket) failed(slow_, Event::kSlowFailed, 0, true);
    if (has_current) failed(current_, Event::kFailed, 0, fair);
}

// With an error of 0 there was no answer in its time, which counts when it had a fair one.
void Dialer::failed(Attempt& attempt, DialEvent::Kind kind, int error, bool fair) {
    if (kind == Event::kFailed) clear();
    DialEvent event{kind};
    event.why = error == 0 ? EndedBy::kServerTimeout : EndedBy::kServer;
    event.was_reset = error == ECONNRESET;
    balance::Lease lease = close(attempt);
    frontend_.backends().connect_failed(*lease, error, fault_of(error, fair, session_));
    lease.end();
    next(event);
}

void Dialer::give_up(const DialAction& action) {
    if (action.waited_out) {
        frontend_.timed_out();
    } else {
        frontend_.refused(action.by);
    }
    session_.give_up({action.by, action.stage});
}

// The first to answer. The other one is dropped, and a slow one that was faster in the end was not
// tried in vain.
void Dialer::won(Attempt attempt, std::uint32_t events) {
    clear();
    const core::Time now = shared_.poller.now();
    if (slow_.socket) {
        frontend_.backends().outrun(*slow_.lease);
        close(slow_).end();
    } else if (reserved_) {
        dialing_.forgive(*attempt.lease);
    }
    close(current_).end();
    reserved_.reset();
    const auto took = dialing_.clocks().dialed_for(now);
    frontend_.tallies().connect_took(took);
    if (dialing_.was_alone()) frontend_.backends().connect_times().add(took);
    attempt.lease.establish(now);
    session_.connected(std::move(attempt), events, took);
}

// Events of this socket that the poller still has must not be taken for those of the next one.
balance::Lease Dialer::close(Attempt& attempt) {
    if (attempt.socket) {
        attempt.socket.reset();
        shared_.poller.forget(session_, attempt.slot);
    }
    if (&attempt == &slow_) reserved_.reset();
    return std::move(attempt.lease);
}

}  // namespace amba::proxy
