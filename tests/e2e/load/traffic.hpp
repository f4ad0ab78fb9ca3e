// The clients: short connections one after another on every connector, and long-lived ones that
// pass data all the time. One thread, one epoll. Whatever is not as it must be is counted, and the
// first of it is told with its details.
//
// Every connector has source addresses of its own (127.x.y.z), because one address has 28,000
// ephemeral ports and a closed connection keeps its port for a minute. No client ever sends a
// reset: the ambassador would rightly pass it on, and a reset of its own making would be lost among
// them.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "ambassador.hpp"

namespace load {

// Which backends a connection may reach. The set grows before a table is written and shrinks when
// its verdict is there; a connection may be answered by whatever was allowed in its lifetime.
class AllowedBackends {
  public:
    using Mask = std::uint64_t;  // a bit for each identity

    void set(Mask mask) {  // one thread
        const std::uint64_t next = now_.load() + 1;
        history_[next % history_.size()] = mask;
        now_ = next;
    }
    Mask current() const { return history_[now_ % history_.size()]; }
    std::uint64_t moment() const { return now_; }
    bool since(std::uint64_t moment, unsigned identity) const {
        Mask all = 0;
        for (const std::uint64_t last = now_; moment <= last; ++moment) {
            all |= history_[moment % history_.size()];
        }
        return identity < 64 && (all >> identity & 1) != 0;
    }

  private:
    std::array<std::atomic<Mask>, 8192> history_{};
    std::atomic<std::uint64_t> now_ = 0;
};

struct Counts {
    std::uint64_t connections = 0;  // that came to their proper end
    std::uint64_t refused = 0;
    std::uint64_t reset = 0;
    std::uint64_t cut = 0;      // ended before the reply was whole
    std::uint64_t altered = 0;  // other bytes than were sent, or more
    std::uint64_t timeouts = 0;
    std::uint64_t wrong_backend = 0;  // of no table of its time
    std::uint64_t long_messages = 0;
    std::uint64_t long_bytes = 0;  // each way
    std::uint64_t errors() const {
        return refused + reset + cut + altered + timeouts + wrong_backend;
    }
};

class Traffic {
  public:
    Traffic(std::uint32_t host, std::uint16_t port, int connectors, int long_lived,
            const AllowedBackends& allowed) :
        target_(ipv4(host, port)),
        allowed_(allowed), short_(connectors), long_(long_lived), buffer_(256 * 1024) {
        for (std::size_t i = 0; i < short_.size(); ++i)
            short_[i].index = i;
        for (std::size_t i = 0; i < long_.size(); ++i) {
            long_[i].index = short_.size() + i;
            long_[i].is_long = true;
        }
        poll_ = epoll_create1(EPOLL_CLOEXEC);
        thread_ = std::thread([this] { run(); });
    }
    ~Traffic() {
        if (thread_.joinable()) finish();
        close(poll_);
    }
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;

    // Lets every connection come to rest: the short ones end, the long ones stay, with nothing
    // under way. False when they do not within `seconds`.
    bool rest(int seconds = 120) {
        wants_rest_ = true;
        const auto until = Clock::now() + std::chrono::seconds(seconds);
        while (!resting_ && Clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return resting_;
    }
    void go_on() { wants_rest_ = false; }

    // Ends all connections properly.
    void finish() {
        finishing_ = true;
        thread_.join();
    }

    std::uint64_t connections() const { return done_; }
    // The rest is for after finish(), but for errors() and first_failure().
    const Counts& counts() const { return counts_; }
    std::uint64_t errors() const { return errors_; }
    std::string first_failure() const {
        const std::lock_guard lock(mutex_);
        return first_failure_;
    }

  private:
    enum class State { kIdle, kConnecting, kOpen };

    struct Client {
        std::size_t index = 0;
        bool is_long = false;
        int fd = -1;
        State state = State::kIdle;
        std::uint64_t round = 0;
        std::uint64_t moment = 0;  // of AllowedBackends, at connect
        Clock::time_point started;
        Clock::time_point deadline;
        Request request;
        std::string out;
        std::size_t out_at = 0;
        std::string head;        // of the reply, until it is whole
        std::uint64_t body = 0;  // bytes of the reply so far
        bool fin_sent = false;
        // long-lived
        std::uint64_t sent = 0;  // of the stream
        std::uint64_t echoed = 0;
        std::string trailer;
        Clock::time_point next_message;
    };

    static constexpr auto kShortTime = std::chrono::seconds(60);
    static constexpr auto kLongTime = std::chrono::seconds(120);
    static constexpr auto kBetweenMessages = std::chrono::milliseconds(80);

    void run() {
        epoll_event events[256];
        for (Clock::time_point looked{};;) {
            const int count = epoll_wait(poll_, events, 256, 2);
            for (int i = 0; i < count; ++i) {
                on_ready(*static_cast<Client*>(events[i].data.ptr), events[i].events);
            }
            launch();
            const auto now = Clock::now();
            if (now - looked < std::chrono::milliseconds(2)) continue;
            looked = now;
            look_at_time(now);
            if (over()) return;
        }
    }

    bool over() const {
        const auto idle = [](const Client& c) {
            return c.state == State::kIdle;
        };
        return finishing_ && std::all_of(short_.begin(), short_.end(), idle) &&
               std::all_of(long_.begin(), long_.end(), idle);
    }

    // In odd seconds all connectors wait for the slowest and then start at once; in even ones each
    // starts again as soon as it is done.
    void launch() {
        const bool stays = wants_rest_ || finishing_;
        std::size_t idle = 0;
        for (const Client& c : short_)
            idle += c.state == State::kIdle;
        if (stays || idle == 0) return;
        const auto second =
            std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch());
        if (second.count() % 2 == 1 && idle < short_.size()) return;
        for (Client& c : short_) {
            if (c.state == State::kIdle) start(c);
        }
    }

    void look_at_time(Clock::time_point now) {
        bool busy = false;
        for (Client& c : long_) {
            if (c.state == State::kIdle && !finishing_) start(c);
            if (c.state == State::kOpen && c.echoed == c.sent && c.head.size() == sizeof(Reply)) {
                if (finishing_) {
                    send_fin(c);
                } else if (!wants_rest_ && now >= c.next_message) {
                    say_more(c);
                }
            }
            busy |= c.state == State::kConnecting || c.echoed != c.sent ||
                    c.head.size() < sizeof(Reply);
        }
        for (Client& c : short_)
            busy |= c.state != State::kIdle;
        resting_ = wants_rest_ && !busy;
        for (auto* all : {&short_, &long_}) {
            for (Client& c : *all) {
                const bool waits =
                    !c.is_long || c.echoed != c.sent || c.fin_sent || c.head.size() < sizeof(Reply);
                if (c.state != State::kIdle && waits && now > c.deadline) {
                    fail(c, counts_.timeouts, "time-out");
                }
            }
        }
    }

    void start(Client& c) {
        const std::size_t index = c.index;
        const std::uint64_t round = c.round + 1;
        const bool is_long = c.is_long;
        c = Client{};
        c.index = index;
        c.round = round;
        c.is_long = is_long;
        const std::uint64_t dice = mix(index << 40 | round);
        c.request.seed = mix(dice);
        if (is_long) {
            c.request.kind = Kind::kLong;
        } else {
            c.request.kind = static_cast<Kind>(dice % 3);
            c.request.up = dice >> 8 & 0xFF;
            // Mostly an answer of some hundred bytes, at times a page.
            c.request.down = (dice >> 16 & 0x3F) == 0 ? 48 * 1024 : dice >> 24 & 0x3FF;
        }
        c.request.check = c.request.expected_check();
        c.out.assign(reinterpret_cast<const char*>(&c.request), sizeof c.request);
        c.out.resize(sizeof c.request + c.request.up);
        fill(c.request.seed, 0, c.out.data() + sizeof c.request, c.request.up);
        c.started = Clock::now();
        c.deadline = c.started + (is_long ? kLongTime : Clock::duration(kShortTime));
        c.moment = allowed_.moment();
        dial(c);
    }

    void dial(Client& c) {
        c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (c.fd < 0) die("socket");
        const int on = 1;
        // The port is chosen by connect, which knows the destination.
        setsockopt(c.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (c.is_long) setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        const std::uint32_t source = 0x7F400001 + (static_cast<std::uint32_t>(c.index) << 8) +
                                     static_cast<std::uint32_t>(c.round % 16);
        const sockaddr_in from = ipv4(source, 0);
        if (bind(c.fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0) die("bind");
        c.state = State::kConnecting;
        epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.ptr = &c}};
        if (connect(c.fd, reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0 &&
            errno != EINPROGRESS) {
            return failed(c, errno, "connect");
        }
        epoll_ctl(poll_, EPOLL_CTL_ADD, c.fd, &event);
    }

    void on_ready(Client& c, std::uint32_t events) {
        if (c.state == State::kConnecting) {
            if (events & (EPOLLERR | EPOLLHUP)) {
                int error = 0;
                socklen_t size = sizeof error;
                getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &error, &size);
                if (error != 0) return failed(c, error, "connect");
            }
            if ((events & EPOLLOUT) == 0) return;
            c.state = State::kOpen;
        }
        if (c.state != State::kOpen || !send_out(c)) return;
        if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) receive(c, events);
    }

    // False when the connection is over.
    bool send_out(Client& c) {
        while (c.out_at < c.out.size()) {
            const ssize_t sent =
                send(c.fd, c.out.data() + c.out_at, c.out.size() - c.out_at, MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) return true;
            if (sent < 0) {
                failed(c, errno, "send");
                return false;
            }
            c.out_at += static_cast<std::size_t>(sent);
        }
        if (c.request.kind == Kind::kHalfClose) send_fin(c);
        return true;
    }

    void send_fin(Client& c) {
        if (std::exchange(c.fin_sent, true)) return;
        if (c.is_long) c.deadline = Clock::now() + kLongTime;
        shutdown(c.fd, SHUT_WR);
    }

    void say_more(Client& c) {
        const std::uint64_t dice = mix(c.request.seed + c.sent);
        // Mostly some kilobytes; at times enough for the ambassador to change to splice.
        const std::size_t size =
            dice % 32 == 0 ? 256 * 1024 + dice % 4093 : 1 + (dice >> 8) % (16 * 1024);
        c.out.resize(size);
        c.out_at = 0;
        fill(c.request.seed, c.sent, c.out.data(), size);
        c.sent += size;
        c.deadline = Clock::now() + kLongTime;
        send_out(c);
    }

    void receive(Client& c, std::uint32_t events) {
        for (;;) {
            const ssize_t got = recv(c.fd, buffer_.data(), buffer_.size(), 0);
            if (got < 0 && errno == EAGAIN) return;
            if (got < 0) return failed(c, errno, "receive");
            if (got == 0) return ended(c);
            const auto size = static_cast<std::size_t>(got);
            if (!take(c, buffer_.data(), size)) return;
            // What comes later, FIN included, is another event (epoll(7), question 9).
            if (size < buffer_.size() && (events & ~(EPOLLIN | EPOLLOUT)) == 0) return;
        }
    }

    // False when the connection is over.
    bool take(Client& c, const char* data, std::size_t size) {
        if (c.head.size() < sizeof(Reply)) {
            const std::size_t part = std::min(size, sizeof(Reply) - c.head.size());
            c.head.append(data, part);
            data += part;
            size -= part;
            if (c.head.size() < sizeof(Reply)) return true;
            const Reply reply = reply_of(c);
            if (reply.magic != kMagic || reply.seed != c.request.seed || reply.intact != 1 ||
                reply.down != c.request.down) {
                return fail(c, counts_.altered, "the request or the head of the reply is altered");
            }
            if (!allowed_.since(c.moment, reply.identity)) {
                return fail(c, counts_.wrong_backend,
                            "answered by a backend of no table of its time");
            }
        }
        if (c.is_long) return take_echo(c, data, size);
        if (c.body + size > c.request.down || !matches(~c.request.seed, c.body, data, size)) {
            return fail(c, counts_.altered, "the reply is altered");
        }
        c.body += size;
        if (c.body == c.request.down && c.request.kind == Kind::kClientCloses) send_fin(c);
        return true;
    }

    bool take_echo(Client& c, const char* data, std::size_t size) {
        const std::size_t part = std::min<std::uint64_t>(size, c.sent - c.echoed);
        if (!matches(c.request.seed, c.echoed, data, part)) {
            return fail(c, counts_.altered, "the echo is altered");
        }
        c.echoed += part;
        counts_.long_bytes += part;
        c.trailer.append(data + part, size - part);
        if (c.trailer.size() > (c.fin_sent ? sizeof(Trailer) : 0)) {
            return fail(c, counts_.altered, "more bytes than were sent");
        }
        if (part > 0 && c.echoed == c.sent) {
            ++counts_.long_messages;
            c.next_message = Clock::now() + kBetweenMessages;
        }
        return true;
    }

    void ended(Client& c) {
        Trailer trailer;
        if (c.is_long) {
            if (c.trailer.size() != sizeof trailer) {
                fail(c, counts_.cut, "a long-lived connection ended");
                return;
            }
            std::memcpy(&trailer, c.trailer.data(), sizeof trailer);
            if (trailer.received != c.sent || trailer.intact != 1) {
                fail(c, counts_.altered, "the backend received other bytes than were sent");
                return;
            }
        } else if (c.head.size() < sizeof(Reply) || c.body < c.request.down) {
            fail(c, counts_.cut, "ended before the reply was whole");
            return;
        }
        ++counts_.connections;
        ++done_;
        leave(c);
    }

    void failed(Client& c, int error, const char* what) {
        auto& count = error == ECONNREFUSED ? counts_.refused
                      : error == ETIMEDOUT  ? counts_.timeouts
                                            : counts_.reset;
        fail(c, count, std::string(what) + ": " + std::strerror(error));
    }

    // Counts it, tells of the first, and closes. Always false.
    bool fail(Client& c, std::uint64_t& count, const std::string& what) {
        ++count;
        if (errors_++ == 0) {
            const std::lock_guard lock(mutex_);
            first_failure_ = what + "\n" + describe(c);
        }
        leave(c);
        return false;
    }

    std::string describe(const Client& c) const {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        getsockname(c.fd, reinterpret_cast<sockaddr*>(&from), &size);
        char host[INET_ADDRSTRLEN] = "";
        inet_ntop(AF_INET, &from.sin_addr, host, sizeof host);
        static constexpr const char* kKinds[] = {"client half-closes", "client closes",
                                                 "backend closes", "long-lived"};
        std::string out =
            "    " + std::string(kKinds[static_cast<unsigned>(c.request.kind)]) + ", from " + host +
            ":" + std::to_string(ntohs(from.sin_port)) + ", connection " + std::to_string(c.round) +
            " of connector " + std::to_string(c.index) + ", " +
            std::to_string(milliseconds(Clock::now() - c.started)) + " ms after its connect\n";
        out += "    sent " + std::to_string(c.is_long ? c.sent : c.out_at) + " of " +
               std::to_string(c.is_long ? c.sent : c.out.size()) + ", FIN " +
               (c.fin_sent ? "sent" : "not sent") + "; received " + std::to_string(c.head.size()) +
               " bytes of head and " + std::to_string(c.is_long ? c.echoed : c.body) + " of " +
               std::to_string(c.is_long ? c.sent : c.request.down) + "\n";
        if (c.head.size() == sizeof(Reply)) {
            out += "    backend " + std::to_string(reply_of(c).identity / kAddresses) +
                   ", address 127.0.1." + std::to_string(reply_of(c).identity % kAddresses) + "\n";
        }
        return out;
    }

    static Reply reply_of(const Client& c) {
        Reply reply;
        std::memcpy(static_cast<void*>(&reply), c.head.data(), sizeof reply);
        return reply;
    }

    // Everything was read until FIN, so that this close sends no reset.
    void leave(Client& c) {
        epoll_ctl(poll_, EPOLL_CTL_DEL, c.fd, nullptr);  // see Backend::serve
        close(c.fd);
        c.fd = -1;
        c.state = State::kIdle;
        c.sent = c.echoed = 0;
    }

    const sockaddr_in target_;
    const AllowedBackends& allowed_;
    std::vector<Client> short_;
    std::vector<Client> long_;
    std::vector<char> buffer_;
    int poll_ = -1;
    Counts counts_;
    std::atomic<std::uint64_t> done_ = 0;
    std::atomic<std::uint64_t> errors_ = 0;
    std::atomic<bool> wants_rest_ = false;
    std::atomic<bool> resting_ = false;
    std::atomic<bool> finishing_ = false;
    mutable std::mutex mutex_;
    std::string first_failure_;
    std::thread thread_;
};

}  // namespace load
