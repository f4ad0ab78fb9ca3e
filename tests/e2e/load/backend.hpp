// A backend that checks what it receives and answers with its identity: one thread, one epoll.
//
// It listens on every loopback address at one port, and so stands for as many backends as a table
// names addresses of it: `identity` is its number and the last byte of the address that was
// dialled. That also spreads the ambassador's connections over more ephemeral ports than one
// address has.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "pattern.hpp"

namespace load {

constexpr unsigned kAddresses = 16;  // of each backend: 127.0.1.0 to 127.0.1.15

[[noreturn]] inline void die(const std::string& what) {
    std::perror(what.c_str());
    std::exit(2);
}

inline sockaddr_in ipv4(std::uint32_t host, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(host);
    out.sin_port = htons(port);
    return out;
}

class Backend {
  public:
    explicit Backend(unsigned number) : number_(number) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_in any = ipv4(INADDR_ANY, 0);
        socklen_t size = sizeof any;
        if (bind(listener_, reinterpret_cast<sockaddr*>(&any), size) != 0) die("bind");
        if (listen(listener_, 65535) != 0) die("listen");
        const int on = 1;  // inherited by what it accepts
        setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        getsockname(listener_, reinterpret_cast<sockaddr*>(&any), &size);
        port_ = ntohs(any.sin_port);
        thread_ = std::thread([this] { run(); });
    }
    ~Backend() {
        stop_ = true;
        thread_.join();
        close(listener_);
    }
    Backend(const Backend&) = delete;
    Backend& operator=(const Backend&) = delete;

    std::uint16_t port() const { return port_; }
    unsigned identity(unsigned address) const { return number_ * kAddresses + address; }
    std::string address(unsigned at) const {
        return "127.0.1." + std::to_string(at) + ":" + std::to_string(port_);
    }
    // Connections that were reset on this side: a proper end is FIN from both.
    std::uint64_t resets() const { return resets_; }

  private:
    struct Connection {
        int fd = -1;
        unsigned identity = 0;
        std::string in;  // until the request is whole
        bool has_request = false;
        Request request;
        bool answered = false;
        std::uint64_t received = 0;  // of the client's stream
        bool intact = true;
        bool ended = false;    // FIN came
        bool closing = false;  // FIN is to be sent behind `out`, or was
        bool finished = false;
        bool watches_room = false;  // to send more
        std::string out;
        std::size_t out_at = 0;
    };

    void run() {
        poll_ = epoll_create1(EPOLL_CLOEXEC);
        epoll_event on_listener{EPOLLIN, {.ptr = nullptr}};
        epoll_ctl(poll_, EPOLL_CTL_ADD, listener_, &on_listener);
        epoll_event events[256];
        while (!stop_) {
            const int count = epoll_wait(poll_, events, 256, 50);
            for (int i = 0; i < count; ++i) {
                if (events[i].data.ptr == nullptr) {
                    accept_all();
                } else {
                    serve(static_cast<Connection*>(events[i].data.ptr));
                }
            }
        }
        close(poll_);
    }

    void accept_all() {
        for (;;) {
            const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            sockaddr_in local{};
            socklen_t size = sizeof local;
            getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
            auto* connection = new Connection;
            connection->fd = fd;
            connection->identity = identity((ntohl(local.sin_addr.s_addr) & 0xFF) % kAddresses);
            watch(*connection, EPOLL_CTL_ADD, 0);
        }
    }

    void watch(Connection& c, int operation, std::uint32_t more) {
        epoll_event event{EPOLLIN | EPOLLRDHUP | EPOLLET | more, {.ptr = &c}};
        epoll_ctl(poll_, operation, c.fd, &event);
    }

    void serve(Connection* c) {
        if (read(*c) && write(*c)) return;
        // A child between fork and exec holds every descriptor, and then close alone leaves the
        // registration and its pointer behind.
        epoll_ctl(poll_, EPOLL_CTL_DEL, c->fd, nullptr);
        close(c->fd);
        delete c;
    }

    // False: the connection is over.
    bool read(Connection& c) {
        char buffer[64 * 1024];
        while (!c.ended) {
            const ssize_t got = recv(c.fd, buffer, sizeof buffer, 0);
            if (got < 0 && errno == EAGAIN) break;
            if (got < 0) {
                ++resets_;
                return false;
            }
            if (got == 0) c.ended = true;
            take(c, buffer, static_cast<std::size_t>(got));
        }
        return true;
    }

    void take(Connection& c, const char* data, std::size_t size) {
        if (!c.has_request) {
            const std::size_t part = std::min(size, sizeof(Request) - c.in.size());
            c.in.append(data, part);
            data += part;
            size -= part;
            if (c.in.size() == sizeof(Request)) {
                std::memcpy(static_cast<void*>(&c.request), c.in.data(), sizeof(Request));
                c.has_request = true;
                c.intact =
                    c.request.magic == kMagic && c.request.check == c.request.expected_check();
                if (!c.intact) c.request = Request{};
            }
        }
        if (c.has_request) {
            c.intact = c.intact && matches(c.request.seed, c.received, data, size);
            c.received += size;
            if (c.request.kind == Kind::kLong) return echo(c, data, size);
            if (c.received >= c.request.up) answer(c);
        }
        if (c.ended) c.closing = true;
    }

    void answer(Connection& c) {
        if (c.answered) return;
        c.answered = true;
        const bool exact = c.received == c.request.up;
        const Reply reply{kMagic, c.identity, c.request.down, c.intact && exact ? 1U : 0U,
                          c.request.seed};
        c.out.assign(reinterpret_cast<const char*>(&reply), sizeof reply);
        c.out.resize(sizeof reply + reply.down);
        fill(~reply.seed, 0, c.out.data() + sizeof reply, reply.down);
        c.closing = c.closing || c.request.kind == Kind::kBackendCloses;
    }

    void echo(Connection& c, const char* data, std::size_t size) {
        if (!c.answered) {
            c.answered = true;
            const Reply reply{kMagic, c.identity, 0, c.intact ? 1U : 0U, c.request.seed};
            c.out.append(reinterpret_cast<const char*>(&reply), sizeof reply);
        }
        c.out.append(data, size);
        if (!c.ended || c.closing) return;
        const Trailer trailer{c.received, c.intact ? 1U : 0U};
        c.out.append(reinterpret_cast<const char*>(&trailer), sizeof trailer);
        c.closing = true;
    }

    // False: the connection is over.
    bool write(Connection& c) {
        while (c.out_at < c.out.size()) {
            const ssize_t sent =
                send(c.fd, c.out.data() + c.out_at, c.out.size() - c.out_at, MSG_NOSIGNAL);
            if (sent < 0 && errno == EAGAIN) {
                if (!std::exchange(c.watches_room, true)) watch(c, EPOLL_CTL_MOD, EPOLLOUT);
                return true;
            }
            if (sent < 0) {
                ++resets_;
                return false;
            }
            c.out_at += static_cast<std::size_t>(sent);
        }
        c.out.clear();
        c.out_at = 0;
        if (c.closing && !c.finished) {
            c.finished = true;
            shutdown(c.fd, SHUT_WR);
        }
        return !(c.ended && c.finished);
    }

    const unsigned number_;
    int listener_ = -1;
    int poll_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stop_ = false;
    std::atomic<std::uint64_t> resets_ = 0;
    std::thread thread_;
};

}  // namespace load
