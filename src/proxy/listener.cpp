// How connections are accepted, and when they are not.
#include "proxy/listener.hpp"

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
using namespace std::chrono_literals;

namespace {

// Connections accepted in one go, before others have their turn.
constexpr int kAcceptBatch = 64;
// A listener that is out of descriptors looks again after this, or when a connection ends.
constexpr auto kPause = 100ms;
// Handshakes that have begun when a listener leaves have this long to end.
constexpr auto kLastCall = 100ms;

}  // namespace

Listener::~Listener() {
    end_pause();
}

void Listener::listen(ListeningSocket socket) {
    socket_ = std::move(socket);
    watched_ = false;
    at_maxconn_ = is_full();
    watch();
}

// The poller has the listener while it may accept. Level-triggered: an edge would have to be
// followed by an accept that finds nothing.
void Listener::watch() {
    const bool wanted = socket_ && !paused_ && !at_maxconn_;
    if (wanted == watched_) return;
    watched_ = wanted;
    if (!wanted) return shared_.poller.remove(socket_.fd.get());
    if (shared_.poller.add_level(socket_.fd.get(), *this, 0, EPOLLIN)) return;
    watched_ = false;
    log::error("bind",
               "frontend " + settings_.name + " cannot be watched: " + std::strerror(errno));
}

// ---- closing ----

void Listener::close(Successor successor) {
    end_pause();
    if (!socket_) return;
    close_now();
    if (watched_) shared_.poller.remove(socket_.fd.get());
    watched_ = false;
    if (successor == Successor::kOtherProcess) {
        socket_ = {};
        return;
    }
    net::retire_listener(socket_.fd.get());
    last_call_.socket = std::move(socket_);
    if (successor == Successor::kNone) return close_now();
    shared_.poller.add(last_call_.socket.fd.get(), *this, 0, EPOLLIN);
    while (accept_one(last_call_.socket)) {
    }
    shared_.deadlines.set(last_call_, shared_.poller.now() + kLastCall);
}

void Listener::close_now() {
    last_call_.clear();
    while (accept_one(last_call_.socket)) {
    }
    last_call_.socket = {};
    observer_.stopped_listening();
}

std::vector<int> Listener::sockets() const {
    std::vector<int> out;
    for (const ListeningSocket* socket : {&socket_, &last_call_.socket}) {
        if (*socket) out.push_back(socket->fd.get());
    }
    return out;
}

// ---- accepting ----

void Listener::on_ready(unsigned, std::uint32_t) {
    while (accept_one(last_call_.socket)) {
    }
    // One at a time when they come one at a time; more while each round finds some left.
    const bool in_a_row =
        std::exchange(accept_round_, shared_.poller.rounds()) + 1 == accept_round_;
    accept_batch_ = in_a_row ? std::min(accept_batch_ * 2, kAcceptBatch) : 1;
    // After a pause it accepts to the end of the queue: only an accept that finds nothing tells
    // that the backlog is gone.
    for (int i = 0; i < accept_batch_ || has_backlog_; ++i) {
        if (!accept_one(socket_)) return;
    }
}

// False when the queue is empty or nothing can be taken from it now.
bool Listener::accept_one(const ListeningSocket& socket) {
    if (!socket) return false;
    if (is_full() && &socket == &socket_) {
        pause_at_maxconn();
        return false;
    }
    if (const char* const what = shared_.lacking()) {
        pause(what);
        return false;
    }
    const int fd = accept4(socket.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        ++connections_;
        ++total_;
        observer_.accepted(net::Descriptor(fd));
        return true;
    }
    switch (errno) {
        case EAGAIN: has_backlog_ = false; return false;
        case EMFILE:
        case ENFILE: pause(Shared::kDescriptors, std::strerror(errno)); return false;
        case ENOBUFS:
        case ENOMEM: pause(Shared::kMemory, std::strerror(errno)); return false;
        // accept(2): pending network errors of the new socket, and clients that left the queue.
        default: return errno != EBADF && errno != EINVAL && errno != ENOTSOCK;
    }
}

// ---- pausing ----

void Listener::pause(const char* what, const char* error) {
    if (!socket_) return;
    shared_.deadlines.set(*this, shared_.poller.now() + kPause);
    if (paused_) return;
    paused_ = true;
    has_backlog_ = true;
    watch();
    shared_.paused.push_back(this);
    if (lacked_ != nullptr) return;
    lacked_ = what;
    std::string why = "all descriptors are in use";
    if (what == Shared::kMemory) {
        why = "the memory limit of its control group, " + shared_.memory().limit() +
              ", leaves no room for more";
    }
    if (error != nullptr) why = error;
    log::warning(what, "frontend " + settings_.name + " accepts no more for now, at " +
                           count_of(shared_.sessions.now, "connection") + ": " + why +
                           "; new ones wait in the kernel's queue");
}

void Listener::end_pause() {
    clear();
    if (!paused_) return;
    std::erase(shared_.paused, this);
    paused_ = false;
}

void Listener::resume() {
    end_pause();
    watch();
}

// As HAProxy has it: what is above a frontend's maxconn waits in the kernel's queue.
void Listener::pause_at_maxconn() {
    at_maxconn_ = true;
    watch();
    if (said_maxconn_) return;
    said_maxconn_ = true;
    log::warning("maxconn", "frontend " + settings_.name + " has its maxconn of " +
                                count_of(maxconn(), "connection") +
                                "; new ones wait in the kernel's queue");
}

void Listener::leave_maxconn() {
    if (!at_maxconn_ || is_full()) return;
    at_maxconn_ = false;
    watch();
}

void Listener::ended() {
    --connections_;
    leave_maxconn();
    if (lacked_ == nullptr || has_backlog_ ||
        !shared_.has_room_to_spare(lacked_ == Shared::kMemory))
        return;
    log::info(lacked_, "frontend " + settings_.name + " has " + lacked_ + " to spare again");
    lacked_ = nullptr;
}

}  // namespace amba::proxy
