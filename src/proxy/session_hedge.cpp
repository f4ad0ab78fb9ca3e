// Two backends at once: one that is slow to answer is raced by another, and the first that answers
// wins.
#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "amba/net/budget.hpp"
#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"
#include "proxy/session.hpp"

namespace amba::proxy {

namespace {

constexpr std::uint8_t kSlots = 3;  // the sum of the two slots a backend's socket may have

}  // namespace

bool Session::may_hedge() const {
    const auto retries = static_cast<std::size_t>(frontend_.settings().retries);
    return frontend_.settings().hedge && !has_slow() && tried().size() < retries;
}

// The one that is dialed becomes the slow one, and another is dialed beside it, should there be
// one.
void Session::hedge() {
    net::Lease lease = net::Lease::take(net::Budget::Use::kHedges);
    if (!lease) {
        // No descriptor to spare: this backend has half of the time that is left.
        const core::Time now = shared_.poller.now();
        return shared_.deadlines.set(*this, now + (moment_ - now) / 2);
    }
    remember_try(*backend_);
    extra_->lease = std::move(lease);
    extra_->slow = std::move(server_);
    extra_->backend = std::move(backend_);
    server_slot_ = static_cast<std::uint8_t>(kSlots - server_slot_);
    dial_next();
}

void Session::pool_changed() {
    if (queued_) return;
    if (has_slow()) {
        if (!server_) dial_next();
        return;
    }
    const bool left = server_ && frontend_.pool().find(backend_->endpoint) == nullptr;
    if (left && may_hedge()) hedge();
}

void Session::slow_ready(std::uint32_t events) {
    const int fd = extra_->slow.get();
    if (events & (EPOLLERR | EPOLLHUP)) {
        const int error = net::error_before_bytes(fd);
        if (error != 0) return slow_failed(error);
    }
    if ((events & EPOLLOUT) == 0) return;
    if (met_itself(*extra_->backend, fd)) return slow_failed(ECONNREFUSED);
    // It won: the second is dropped.
    if (server_) {
        const balance::BackendPtr second = leave_dial();
        frontend_.released(*second);
    }
    server_ = std::move(extra_->slow);
    extra_->lease.reset();
    backend_ = std::move(extra_->backend);
    extra_->tried.remove(*backend_);
    server_slot_ = static_cast<std::uint8_t>(kSlots - server_slot_);
    relay_.set_socket(Side::kBackend, server_.get());
    relay_.on_events(Side::kBackend, events);
    connected();
}

void Session::slow_failed(int error) {
    try_failed(leave_slow(), error, true);
    if (!server_) dial_next();
}

balance::BackendPtr Session::leave_slow() {
    extra_->slow.reset();
    extra_->lease.reset();
    shared_.poller.forget(*this, kSlots - server_slot_);
    return std::move(extra_->backend);
}

// The second won, its backend has left, or it is all over.
void Session::drop_slow() {
    if (!has_slow()) return;
    const balance::BackendPtr slow = leave_slow();
    frontend_.released(*slow);
}

bool Session::uses(const Backends& backends) const {
    return backends.contains(backend_.get()) ||
           (has_slow() && backends.contains(extra_->backend.get()));
}

void Session::leave(const Backends& backends, core::EndedBy by) {
    if (!dialing_) return abort(by);
    if (has_slow() && backends.contains(extra_->backend.get())) drop_slow();
    if (server_ && backends.contains(backend_.get())) {
        const balance::BackendPtr left = leave_dial();
        remember_try(*left);
        frontend_.released(*left);
    }
    if (!server_) dial_next();
}

}  // namespace amba::proxy
