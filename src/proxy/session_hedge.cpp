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
    net::Reservation reservation = net::Reservation::take(net::Budget::Use::kHedges);
    if (!reservation) {
        // No descriptor to spare: this backend has half of the time that is left.
        const core::Time now = shared_.poller.now();
        return shared_.deadlines.set(*this, now + (moment_ - now) / 2);
    }
    remember_try(*lease_);
    extra_->reservation = std::move(reservation);
    extra_->slow = std::move(server_);
    extra_->lease = std::move(lease_);
    server_slot_ = static_cast<std::uint8_t>(kSlots - server_slot_);
    dial_next();
}

void Session::pool_changed() {
    if (queued_) return;
    if (has_slow()) {
        if (!server_) dial_next();
        return;
    }
    const bool left = server_ && frontend_.backends().pool().find(lease_->endpoint) == nullptr;
    if (left && may_hedge()) hedge();
}

void Session::slow_ready(std::uint32_t events) {
    const int fd = extra_->slow.get();
    if (events & (EPOLLERR | EPOLLHUP)) {
        const int error = net::error_before_bytes(fd);
        if (error != 0) return slow_failed(error);
    }
    if ((events & EPOLLOUT) == 0) return;
    if (met_itself(*extra_->lease, fd)) return slow_failed(ECONNREFUSED);
    // It won: the second is dropped.
    if (server_) leave_dial().end();
    server_ = std::move(extra_->slow);
    extra_->reservation.reset();
    lease_ = std::move(extra_->lease);
    extra_->tried.remove(*lease_);
    server_slot_ = static_cast<std::uint8_t>(kSlots - server_slot_);
    relay_.set_socket(Side::kBackend, server_.get());
    relay_.on_events(Side::kBackend, events);
    connected();
}

void Session::slow_failed(int error) {
    try_failed(leave_slow(), error, true);
    if (!server_) dial_next();
}

balance::Lease Session::leave_slow() {
    extra_->slow.reset();
    extra_->reservation.reset();
    shared_.poller.forget(*this, kSlots - server_slot_);
    return std::move(extra_->lease);
}

// The second won, its backend has left, or it is all over.
void Session::drop_slow() {
    if (!has_slow()) return;
    leave_slow().end();
}

bool Session::uses(const BackendSet& backends) const {
    return backends.contains(lease_.get()) ||
           (has_slow() && backends.contains(extra_->lease.get()));
}

void Session::leave(const BackendSet& backends, core::EndedBy by) {
    if (!dialing_) return abort(by);
    if (has_slow() && backends.contains(extra_->lease.get())) drop_slow();
    if (server_ && backends.contains(lease_.get())) {
        const balance::Lease left = leave_dial();
        remember_try(*left);
    }
    if (!server_) dial_next();
}

}  // namespace amba::proxy
