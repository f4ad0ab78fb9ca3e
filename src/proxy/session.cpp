#include "proxy/session.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"

namespace amba::proxy {

using core::EndedBy;
using core::Stage;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kClientSlot = 0;
constexpr unsigned kServerSlot = 1;
constexpr std::uint32_t kBoth = EPOLLIN | EPOLLOUT | EPOLLRDHUP;

// After a reset, bytes that came before it are handed on for at most this long.
constexpr auto kLinger = 1s;
constexpr auto kLingerStep = 5ms;

// A connection that has lived so long gets keepalive towards its backend: most are over before.
constexpr core::Duration kGrownUp = 10s;

// Out of something here, which is no fault of the backend.
bool is_local(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

Session::Session(Frontend& frontend, Shared& shared, net::Descriptor client) :
    frontend_(frontend), shared_(shared), client_(std::move(client)) {}

void Session::start() {
    relay_.set_socket(Side::kClient, client_.get());
    moment_ = shared_.poller.now() + frontend_.settings().connect_timeout;
    if (!shared_.poller.add(client_.get(), *this, kClientSlot, kBoth)) {
        return finish({EndedBy::kResource, Stage::kConnect}, End::kReset);
    }
    dial_next();
}

// ---- PICK and DIAL ----

const Session::Backends& Session::failed() const {
    static const Backends kNone;
    return failed_ ? *failed_ : kNone;
}

void Session::dial_next() {
    const auto retries = static_cast<std::size_t>(frontend_.settings().retries);
    for (;;) {
        const core::Time now = shared_.poller.now();
        const std::size_t tries = failed().size();
        if (tries > retries || now >= moment_) return give_up(EndedBy::kServer);
        balance::Backend* next = frontend_.pick(failed());
        if (next == nullptr) return give_up(tries == 0 ? EndedBy::kProxy : EndedBy::kServer);
        // A backend that does not answer must leave time for those that are still to be tried.
        const std::size_t candidates = frontend_.pool().members().size();
        const std::size_t left = std::min(retries + 1, std::max(candidates, tries + 1)) - tries;
        if (dial(*next, now + (moment_ - now) / static_cast<int>(left))) return;
        if (!dialing_) return;  // finished meanwhile
    }
}

// True when the connect is under way.
bool Session::dial(balance::Backend& backend, core::Time try_deadline) {
    net::Connecting attempt = net::connect_to(backend.endpoint);
    if (attempt.error == 0 &&
        !shared_.poller.add(attempt.socket.get(), *this, kServerSlot, kBoth)) {
        attempt.error = ENOMEM;
    }
    if (attempt.error != 0) {
        if (is_local(attempt.error)) {
            frontend_.out_of_resources(attempt.error);
            give_up(EndedBy::kResource);
        } else {
            remember_failure(backend);
            frontend_.connect_failed(backend, std::strerror(attempt.error));
        }
        return false;
    }
    server_ = std::move(attempt.socket);
    backend_ = &backend;
    ++backend.users;
    relay_.set_socket(Side::kBackend, server_.get());
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
    remember_failure(*failed);
    frontend_.connect_failed(*failed, error == 0 ? "no answer" : std::strerror(error));
    frontend_.released(*failed);
    dial_next();
}

balance::BackendPtr Session::leave_dial() {
    clear();
    server_.reset();
    return std::move(backend_);
}

void Session::remember_failure(balance::Backend& backend) {
    if (!failed_) failed_ = std::make_unique<Backends>();
    failed_->push_back(&backend);
}

void Session::give_up(EndedBy by) {
    frontend_.no_backend(by, failed().size());
    finish({by, by == EndedBy::kProxy ? Stage::kQueue : Stage::kConnect}, End::kReset);
}

void Session::connected() {
    clear();
    dialing_ = false;
    failed_.reset();
    frontend_.connected(*backend_);
    moment_ = shared_.poller.now();
    const auto idle = frontend_.settings().idle_timeout;
    shared_.deadlines.set(*this, moment_ + (idle > 0ms ? std::min(idle, kGrownUp) : kGrownUp));
    relay();
}

void Session::leave_backend(EndedBy by) {
    if (!dialing_) return abort(by);
    const balance::BackendPtr left = leave_dial();
    if (left) {
        remember_failure(*left);
        frontend_.released(*left);
    }
    dial_next();
}

// ---- RELAY ----

void Session::on_ready(unsigned slot, std::uint32_t events) {
    if (slot == kClientSlot) {
        relay_.on_events(Side::kClient, events);
        if (dialing_) {
            // FIN alone is a half-close: the client still wants the answer.
            if (events & (EPOLLERR | EPOLLHUP)) {
                finish({EndedBy::kClient, Stage::kConnect}, End::kReset);
            }
            return;
        }
    } else {
        if (dialing_) return dial_ready(events);
        relay_.on_events(Side::kBackend, events);
    }
    if (!lingering_) moment_ = shared_.poller.now();
    relay();
}

void Session::relay() {
    verdict_ = relay_.run(shared_);
    switch (verdict_) {
        case Relay::Verdict::kDone: return finish({}, End::kClose);
        case Relay::Verdict::kAgain: shared_.poller.again(*this); break;
        case Relay::Verdict::kRunning: break;
        case Relay::Verdict::kClientReset:
        case Relay::Verdict::kBackendReset: return linger();
    }
    // One side aborted while the other is slow to take what came before.
    if (relay_.any_reset() && !lingering_) linger();
}

// A reset in is a reset out, once the other side has everything that came before it.
void Session::linger() {
    const core::Time now = shared_.poller.now();
    if (!std::exchange(lingering_, true)) moment_ = now + kLinger;
    const bool by_client = relay_.reset_by(Side::kClient);
    const bool handed_on =
        verdict_ == Relay::Verdict::kClientReset || verdict_ == Relay::Verdict::kBackendReset;
    const Side other = by_client ? Side::kBackend : Side::kClient;
    const bool delivered = handed_on && net::unacknowledged(relay_.socket(other)) == 0;
    if (!delivered && now < moment_) {
        shared_.deadlines.set(*this, std::min(now + kLingerStep, moment_));
        return;
    }
    if (!by_client) frontend_.backend_reset(*backend_);
    finish({by_client ? EndedBy::kClient : EndedBy::kServer, Stage::kData}, End::kReset);
}

void Session::on_deadline() {
    shared_.poller.refresh_now();
    if (dialing_) return dial_failed(0);
    if (lingering_) return linger();
    if (!kept_alive_) net::keep_alive(server_.get());
    kept_alive_ = true;
    const auto idle = frontend_.settings().idle_timeout;
    if (idle == 0ms) return;
    const core::Time expires = moment_ + idle;
    if (shared_.poller.now() < expires) return shared_.deadlines.set(*this, expires);
    finish({EndedBy::kClientTimeout, relay_.half_closed() ? Stage::kLast : Stage::kData},
           End::kClose);
}

// ---- FINISH ----

void Session::abort(EndedBy by) {
    finish({by, dialing_ ? Stage::kConnect : Stage::kData}, End::kReset);
}

void Session::finish(core::Outcome outcome, End end) {
    clear();
    relay_.drop(shared_);
    if (end == End::kReset) {
        net::reset_on_close(client_.get());
        if (server_) net::reset_on_close(server_.get());
    }
    client_.reset();
    server_.reset();
    const bool served = !dialing_ && backend_;
    dialing_ = false;
    shared_.poller.bury(*this);
    frontend_.ended(*this, served, outcome);  // unlinks
}

}  // namespace amba::proxy
