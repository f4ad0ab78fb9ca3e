// c-ares asks for its sockets to be watched, and is told what they do; its answers come as calls.
#include "names/ares_channel.hpp"

#include <arpa/nameser.h>
#include <netdb.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace amba::names {

namespace asio = boost::asio;

namespace {

// The time of one try, and the number of tries; c-ares doubles the time for each round through the
// servers.
constexpr int kTimeoutMs = 1000;
constexpr int kTries = 3;

template <class Done>
struct AresQuery {
    std::weak_ptr<AresChannel> channel;
    Done done;
};

}  // namespace

core::Result<std::shared_ptr<AresChannel>> AresChannel::open(asio::io_context& loop,
                                                             const char* lookups) {
    static const int library = ares_library_init(ARES_LIB_INIT_ALL);
    std::shared_ptr<AresChannel> out(new AresChannel(loop));
    const int status = library == ARES_SUCCESS ? out->init(lookups) : library;
    if (status != ARES_SUCCESS) return core::error(ares_strerror(status));
    return out;
}

// Reads the search domains with a channel that is not used for anything else. c-ares ends its
// search at the first server that fails, so the channel that asks is made without domains.
int AresChannel::read_search_domains() {
    ares_channel reader = nullptr;
    ares_options options{};
    int mask = 0;
    int status = ares_init(&reader);
    if (status != ARES_SUCCESS) return status;
    status = ares_save_options(reader, &options, &mask);
    if (status == ARES_SUCCESS) {
        domains_.assign(options.domains, options.domains + options.ndomains);
        ndots_ = options.ndots;
        ares_destroy_options(&options);
    }
    ares_destroy(reader);
    return status;
}

std::vector<std::string> AresChannel::candidates(const std::string& name) const {
    if (name.ends_with('.')) return {name};
    std::vector<std::string> out;
    const std::string stem = name + ".";
    for (const std::string& domain : domains_)
        out.push_back(stem + domain);
    const bool first = std::count(name.begin(), name.end(), '.') >= ndots_;
    out.insert(first ? out.begin() : out.end(), name);
    return out;
}

int AresChannel::init(const char* lookups) {
    const int status = read_search_domains();
    if (status != ARES_SUCCESS) return status;
    ares_options options{};
    options.timeout = kTimeoutMs;
    options.tries = kTries;
    options.sock_state_cb = &AresChannel::on_state;
    options.sock_state_cb_data = this;
    options.lookups = const_cast<char*>(lookups);
    options.ndomains = 0;
    return ares_init_options(&channel_, &options,
                             ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
                                 ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS);
}

AresChannel::~AresChannel() {
    if (channel_ != nullptr) ares_destroy(channel_);  // answers what is pending with EDESTRUCTION
}

void AresChannel::close() {
    const auto self = shared_from_this();  // who asks may be the last to keep it
    closed_ = true;
    waiting_.clear();
    timer_.cancel();
    ares_cancel(channel_);
}

void AresChannel::ask(const std::string& name, int family, OnAddresses done) {
    admit([name, family, done = std::move(done)](AresChannel& on) mutable {
        ares_addrinfo_hints hints{};
        hints.ai_family = family;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = ARES_AI_NOSORT;  // the order is for the balancing to decide
        using Asked = AresQuery<OnAddresses>;
        ares_getaddrinfo(
            on.channel_, name.c_str(), nullptr, &hints,
            [](void* argument, int status, int, ares_addrinfo* result) {
                const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
                const Addresses found(result, [](ares_addrinfo* it) {
                    if (it != nullptr) ares_freeaddrinfo(it);
                });
                const auto channel = asked->channel.lock();
                if (!channel) return;  // its own end answers too, when nobody may be called
                channel->answered(
                    [done = std::move(asked->done), status, found] { done(status, found); });
            },
            new Asked{on.weak_from_this(), std::move(done)});
    });
}

void AresChannel::query(const std::string& name, int type, OnMessage done) {
    admit([name, type, done = std::move(done)](AresChannel& on) mutable {
        using Asked = AresQuery<OnMessage>;
        ares_query(
            on.channel_, name.c_str(), C_IN, type,
            [](void* argument, int status, int, unsigned char* bytes, int size) {
                const std::unique_ptr<Asked> asked(static_cast<Asked*>(argument));
                const auto channel = asked->channel.lock();
                if (!channel) return;
                Message message;
                if (bytes != nullptr) message.assign(bytes, bytes + size);
                channel->answered([done = std::move(asked->done), status,
                                   message = std::move(message)] { done(status, message); });
            },
            new Asked{on.weak_from_this(), std::move(done)});
    });
}

void AresChannel::take_over(AresChannel& before) {
    for (auto& send : std::exchange(before.waiting_, {}))
        admit(std::move(send));
}

void AresChannel::admit(Send send) {
    if (closed_) return;
    if (asked_ == kAtOnce) {
        waiting_.push_back(std::move(send));
        return;
    }
    ++asked_;
    send(*this);
    keep_time();
}

void AresChannel::answered(std::function<void()> tell) {
    if (closed_) return;
    // The call is posted, because what it calls may destroy the channel or ask it again.
    asio::post(loop_, [self = shared_from_this(), tell = std::move(tell)] {
        if (self->closed_) return;
        --self->asked_;
        if (!self->waiting_.empty()) {
            auto next = std::move(self->waiting_.front());
            self->waiting_.pop_front();
            self->admit(std::move(next));
        }
        if (self->asked_ == 0) self->keep_time();
        tell();
    });
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
    if (!at) at = std::make_shared<SocketWatch>(channel.loop_, fd);
    at->wants_read = readable != 0;
    at->wants_write = writable != 0;
    channel.watch(at);
}

void AresChannel::watch(const std::shared_ptr<SocketWatch>& at) {
    const int fd = at->descriptor.native_handle();
    const auto arm = [&](bool SocketWatch::*wants, bool SocketWatch::*busy, auto kind, bool reads) {
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
    arm(&SocketWatch::wants_read, &SocketWatch::reading, asio::posix::stream_descriptor::wait_read,
        true);
    arm(&SocketWatch::wants_write, &SocketWatch::writing,
        asio::posix::stream_descriptor::wait_write, false);
}

void AresChannel::keep_time() {
    if (asked_ == 0 || closed_) {
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

}  // namespace amba::names
