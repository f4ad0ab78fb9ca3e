// What a connection does until it has a backend: PICK, QUEUE and DIAL. The rest of its story is in
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

constexpr std::uint8_t kSlots = 3;  // the sum of the two slots a backend's socket may have

// Out of something here, which is no fault of the backend.
bool is_local(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

// ---- PICK ----

std::span<Backend* const> Session::tried() const {
    if (!extra_) return {};
    return extra_->made;
}

balance::Choice Session::pick() const {
    const bool by_source = frontend_.settings().algorithm == balance::Algorithm::kSource;
    return frontend_.pick({tried(), by_source ? net::peer_hash(client_.get()) : 0});
}

void Session::dial_next() {
    // Those that came before have their turn first.
    if (tried().empty() && frontend_.has_queue()) return enqueue();
    const auto retries = static_cast<std::size_t>(frontend_.settings().retries);
    while (dialing_) {
        const bool over = tried().size() > retries || shared_.poller.now() >= moment_;
        const balance::Choice choice = over ? balance::Choice() : pick();
        if (choice.backend == nullptr) return none_to_dial(choice);
        if (dial_chosen(*choice.backend)) return;
    }
}

// A connect that is under way may still succeed.
void Session::none_to_dial(balance::Choice choice) {
    if (has_slow()) return shared_.deadlines.set(*this, moment_);
    if (choice.full) return enqueue();
    if (!tried().empty()) {
        return give_up(extra_->unanswered ? EndedBy::kServerTimeout : EndedBy::kServer);
    }
    if (frontend_.settings().hold) return enqueue();
    give_up(EndedBy::kProxy);
}

// ---- QUEUE ----

void Session::enqueue() {
    queued_ = true;
    frontend_.enqueue(*this, !tried().empty());
    shared_.deadlines.set(*this, shared_.poller.now() + frontend_.settings().queue_timeout);
}

bool Session::leave_queue() {
    const balance::Choice choice = pick();
    if (choice.backend == nullptr) return false;
    queued_ = false;
    if (extra_ && extra_->line) extra_->line->queued = shared_.poller.now() - accepted();
    frontend_.dequeue(*this);
    clear();
    moment_ = shared_.poller.now() + frontend_.settings().connect_timeout;
    if (!dial_chosen(*choice.backend) && dialing_) dial_next();  // unless that ended it
    return true;
}

// ---- DIAL ----

bool Session::dial_chosen(Backend& backend) {
    // A backend that does not answer must leave time for those that are still to be tried.
    const auto retries = static_cast<std::size_t>(frontend_.settings().retries);
    const std::size_t tries = tried().size();
    const std::size_t candidates = frontend_.pool().members().size();
    const std::size_t left = std::min(retries + 1, std::max(candidates, tries + 1)) - tries;
    const core::Time now = shared_.poller.now();
    return dial(backend, now + (moment_ - now) / static_cast<int>(left));
}

// True when the connect is under way.
bool Session::dial(Backend& backend, core::Time try_deadline) {
    net::Connecting attempt = net::connect_to(backend.endpoint);
    if (attempt.error == 0 &&
        !shared_.poller.add(attempt.socket.get(), *this, server_slot_, kBothEnds)) {
        attempt.error = ENOMEM;
    }
    if (attempt.error != 0) {
        if (is_local(attempt.error)) {
            frontend_.out_of_resources(attempt.error);
            give_up(EndedBy::kResource);
        } else {
            remember_try(backend);
            extra_->unanswered = false;
            frontend_.connect_failed(backend, attempt.error);
        }
        return false;
    }
    server_ = std::move(attempt.socket);
    backend_ = &backend;
    if (has_slow())
        frontend_.hedged();
    else if (!tried().empty())
        frontend_.retried();
    if (extra_ && extra_->line) ++extra_->line->tries;
    frontend_.leased(backend);
    relay_.set_socket(Side::kBackend, server_.get());
    hedging_ = may_hedge();
    if (hedging_) {
        try_deadline = std::min(try_deadline, shared_.poller.now() + frontend_.hedge_after());
    }
    shared_.deadlines.set(*this, try_deadline);
    return true;
}

void Session::dial_ready(std::uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP)) {
        const int error = net::take_error(server_.get());
        if (error != 0) return dial_failed(error);
    }
    if ((events & EPOLLOUT) == 0) return;
    relay_.on_events(Side::kBackend, events);
    connected();
}

void Session::dial_failed(int error) {
    const balance::BackendPtr failed = leave_dial();
    remember_try(*failed);
    extra_->unanswered = error == 0;
    frontend_.connect_failed(*failed, error);
    frontend_.released(*failed);
    dial_next();
}

balance::BackendPtr Session::leave_dial() {
    clear();
    server_.reset();
    return std::move(backend_);
}

void Session::remember_try(Backend& backend) {
    extra().made.push_back(&backend);
}

void Session::give_up(EndedBy by) {
    frontend_.no_backend(by, tried().size());
    finish({by, by == EndedBy::kProxy ? Stage::kQueue : Stage::kConnect}, End::kReset);
}

// The time of what is under way is over.
void Session::dial_overdue() {
    if (queued_) {
        frontend_.left_waiting();
        return finish({EndedBy::kServerTimeout, Stage::kQueue}, End::kReset);
    }
    const bool slow = hedging_;
    hedging_ = false;
    if (slow && shared_.poller.now() < moment_) return hedge();
    const bool alone = !server_;
    if (has_slow()) slow_failed(0);  // which goes on by itself when there is no second
    if (!alone) dial_failed(0);
}

// ---- established and lost ----

// The backend aborted before a byte went either way, as one does that is killed with connections in
// its queue: for the client nothing has happened yet.
bool Session::lost_before_a_byte(std::uint32_t events) const {
    return (events & EPOLLERR) != 0 && !lingering_ && relay_.untouched() &&
           !net::has_bytes(server_.get());
}

void Session::redial() {
    dialing_ = true;
    kept_alive_ = false;
    moment_ = shared_.poller.now() + frontend_.settings().connect_timeout;
    const balance::BackendPtr lost = leave_dial();
    relay_.forget_backend();
    remember_try(*lost);
    frontend_.lost(*lost);
    dial_next();
}

// ---- two at once ----

bool Session::may_hedge() const {
    const auto retries = static_cast<std::size_t>(frontend_.settings().retries);
    return frontend_.settings().hedge && !has_slow() && tried().size() < retries &&
           frontend_.pool().usable() > tried().size() + 1;
}

// The backend is slow to answer: another is dialed, and the first that answers wins.
void Session::hedge() {
    remember_try(*backend_);
    extra_->slow = std::move(server_);
    extra_->backend = std::move(backend_);
    server_slot_ = static_cast<std::uint8_t>(kSlots - server_slot_);
    dial_next();
}

void Session::slow_ready(std::uint32_t events) {
    if (events & (EPOLLERR | EPOLLHUP)) {
        const int error = net::take_error(extra_->slow.get());
        if (error != 0) return slow_failed(error);
    }
    if ((events & EPOLLOUT) == 0) return;
    // It won: the second is dropped.
    const balance::BackendPtr second = leave_dial();
    if (second) frontend_.released(*second);
    server_ = std::move(extra_->slow);
    backend_ = std::move(extra_->backend);
    server_slot_ = static_cast<std::uint8_t>(kSlots - server_slot_);
    relay_.set_socket(Side::kBackend, server_.get());
    relay_.on_events(Side::kBackend, events);
    connected();
}

void Session::slow_failed(int error) {
    const balance::BackendPtr failed = std::move(extra_->backend);
    extra_->slow.reset();
    extra_->unanswered = error == 0;
    frontend_.connect_failed(*failed, error);
    frontend_.released(*failed);
    if (!server_) dial_next();
}

// The second won, or it is all over.
void Session::drop_slow() {
    if (!has_slow()) return;
    const balance::BackendPtr slow = std::move(extra_->backend);
    extra_->slow.reset();
    frontend_.released(*slow);
}

}  // namespace amba::proxy
