#include "net/ares_channel.hpp"

#include <netdb.h>
#include <sys/time.h>

#include <boost/asio/post.hpp>
#include <stdexcept>

namespace amba::net {

namespace asio = boost::asio;

namespace {

// One try, and how many; c-ares doubles the time for each round through the servers.
constexpr int kTimeoutMs = 1000;
constexpr int kTries = 3;

struct Ask {
    std::weak_ptr<AresChannel> channel;
    AresChannel::Done done;
};

}  // namespace

AresChannel::AresChannel(asio::io_context& loop, const char* lookups) : loop_(loop), timer_(loop) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    if (library != ARES_SUCCESS) throw std::runtime_error(ares_strerror(library));
    ares_options options{};
    options.timeout = kTimeoutMs;
    options.tries = kTries;
    options.sock_state_cb = &AresChannel::on_state;
    options.sock_state_cb_data = this;
    options.lookups = const_cast<char*>(lookups);
    const int status = ares_init_options(
        &channel_, &options,
        ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS);
    if (status != ARES_SUCCESS) throw std::runtime_error(ares_strerror(status));
}

AresChannel::~AresChannel() {
    if (channel_ != nullptr) ares_destroy(channel_);  // answers what is pending with EDESTRUCTION
}

void AresChannel::ask(const std::string& name, int family, Done done) {
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;  // the order is for the balancing to decide
    ++pending_;
    auto* ask = new Ask{weak_from_this(), std::move(done)};
    ares_getaddrinfo(
        channel_, name.c_str(), nullptr, &hints,
        [](void* argument, int status, int, ares_addrinfo* result) {
            const std::unique_ptr<Ask> self(static_cast<Ask*>(argument));
            auto channel = self->channel.lock();
            if (!channel) {  // the channel's own end answers too, when nobody may be called any
                             // more
                if (result != nullptr) ares_freeaddrinfo(result);
                return;
            }
            --channel->pending_;
            // Posted, because the channel must not be destroyed by what it calls.
            asio::post(channel->loop_, [channel, done = std::move(self->done), status, result] {
                done(status, result);
            });
        },
        ask);
    keep_time();
}

void AresChannel::on_state(void* self, ares_socket_t fd, int readable, int writable) {
    auto& channel = *static_cast<AresChannel*>(self);
    if (readable == 0 && writable == 0) {
        const auto gone = channel.watches_.find(fd);
        if (gone == channel.watches_.end()) return;
        gone->second->let_go();  // c-ares closes it next, and the number may come again
        channel.watches_.erase(gone);
        return;
    }
    auto& at = channel.watches_[fd];
    if (!at) at = std::make_shared<Watch>(channel.loop_, fd);
    at->wants_read = readable != 0;
    at->wants_write = writable != 0;
    channel.watch(at);
}

void AresChannel::watch(const std::shared_ptr<Watch>& at) {
    const int fd = at->descriptor.native_handle();
    const auto arm = [&](bool Watch::*wants, bool Watch::*busy, auto kind, bool reads) {
        if (!((*at).*wants) || (*at).*busy) return;
        (*at).*busy = true;
        at->descriptor.async_wait(
            kind, [self = weak_from_this(), at, busy, fd, reads](boost::system::error_code error) {
                (*at).*busy = false;
                const auto channel = self.lock();
                if (error || !channel) return;
                ares_process_fd(channel->channel_, reads ? fd : ARES_SOCKET_BAD,
                                reads ? ARES_SOCKET_BAD : fd);
                const auto still = channel->watches_.find(fd);
                if (still != channel->watches_.end() && still->second == at) channel->watch(at);
                channel->keep_time();
            });
    };
    arm(&Watch::wants_read, &Watch::reading, asio::posix::stream_descriptor::wait_read, true);
    arm(&Watch::wants_write, &Watch::writing, asio::posix::stream_descriptor::wait_write, false);
}

void AresChannel::keep_time() {
    if (pending_ == 0) {
        timer_.cancel();
        return;
    }
    timeval room{};
    timeval most{1, 0};
    const timeval* next = ares_timeout(channel_, &most, &room);
    timer_.expires_after(std::chrono::seconds(next->tv_sec) +
                         std::chrono::microseconds(next->tv_usec) + std::chrono::milliseconds(1));
    timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
        const auto channel = self.lock();
        if (error || !channel) return;
        ares_process_fd(channel->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        channel->keep_time();
    });
}

}  // namespace amba::net
