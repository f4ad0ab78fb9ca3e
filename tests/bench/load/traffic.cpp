#include "traffic.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <functional>

#include "sockets.hpp"

namespace bench {

namespace {

constexpr std::size_t kBulk = 64 * 1024;  // bytes in one write or read
std::array<char, kBulk> g_bytes;          // what is sent, and where everything is read to

bool would_block() {
    return errno == EAGAIN || errno == EINTR;
}

class Listener final : public Pollable {
  public:
    using OnAccept = std::function<void(int fd)>;
    Listener(int fd, OnAccept make) : Pollable(fd), make_(std::move(make)) {}
    bool ready(std::uint32_t) override {
        for (int fd = accept_from(this->fd()); fd >= 0; fd = accept_from(this->fd()))
            make_(fd);
        return true;
    }

  private:
    OnAccept make_;
};

class Echo final : public Pollable {
  public:
    Echo(int fd, Counts& counts) : Pollable(fd), counts_(counts) {}
    bool ready(std::uint32_t) override {
        const ssize_t got = recv(fd(), g_bytes.data(), g_bytes.size(), 0);
        if (got < 0) return would_block();
        if (got == 0) return false;
        if (send(fd(), g_bytes.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) {
            ++counts_.errors;  // a message is far smaller than a socket's buffer
            return false;
        }
        return true;
    }

  private:
    Counts& counts_;
};

class Bulk final : public Pollable {
  public:
    Bulk(int fd, Counts& counts) : Pollable(fd), counts_(counts) {}
    bool ready(std::uint32_t events) override {
        if (events & EPOLLOUT) {
            const ssize_t sent = send(fd(), g_bytes.data(), g_bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && !would_block()) return lost();
        }
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
            const ssize_t got = recv(fd(), g_bytes.data(), g_bytes.size(), 0);
            if (got == 0 || (got < 0 && !would_block())) return lost();
            if (got > 0) counts_.bytes += static_cast<std::uint64_t>(got);
        }
        return true;
    }

  private:
    bool lost() {
        ++counts_.errors;
        return false;
    }
    Counts& counts_;
};

class Ping final : public Pollable {
  public:
    Ping(int fd, std::size_t size, bool once, Counts& counts) :
        Pollable(fd), size_(size), once_(once), counts_(counts) {}
    bool ready(std::uint32_t events) override {
        if (!started_ && (events & EPOLLOUT)) {
            started_ = true;
            return ask();
        }
        if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return true;
        const ssize_t got = recv(fd(), g_bytes.data(), g_bytes.size(), 0);
        if (got < 0 && would_block()) return true;
        if (got <= 0) return lost();
        left_ -= static_cast<std::size_t>(got);
        if (left_ > 0) return true;
        ++counts_.operations;
        const auto took = std::chrono::nanoseconds(Clock::now() - asked_).count();
        counts_.times.push_back(static_cast<std::uint32_t>(took));
        return once_ || ask();
    }

  private:
    bool ask() {
        asked_ = Clock::now();
        left_ = size_;
        const auto sent = send(fd(), g_bytes.data(), size_, MSG_NOSIGNAL);
        return sent == static_cast<ssize_t>(size_) || lost();
    }
    bool lost() {
        ++counts_.errors;
        return false;
    }
    const std::size_t size_;
    const bool once_;
    Counts& counts_;
    bool started_ = false;
    std::size_t left_ = 0;
    Time asked_;
};

// One connection of a chain: at its end it starts the next.
class ShortConnection final : public Pollable {
  public:
    static void start(Loop& loop, const Place& to, std::size_t size, Counts& counts) {
        for (int tries = 0; tries < 100; ++tries) {
            const int fd = connect_to(to);
            if (fd >= 0) {
                loop.add(std::unique_ptr<Pollable>(new ShortConnection(fd, loop, to, size, counts)),
                         EPOLLIN | EPOLLOUT | EPOLLET);
                return;
            }
            ++counts.errors;
        }
        fail("cannot connect to " + to.address);
    }
    bool ready(std::uint32_t events) override {
        if (!asked_ && (events & EPOLLOUT)) {
            asked_ = true;
            const auto sent = send(fd(), g_bytes.data(), size_, MSG_NOSIGNAL);
            if (sent != static_cast<ssize_t>(size_)) return over(false);
        }
        if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return true;
        const ssize_t got = recv(fd(), g_bytes.data(), g_bytes.size(), 0);
        if (got < 0 && would_block()) return true;
        if (got <= 0) return over(false);
        got_ += static_cast<std::size_t>(got);
        return got_ < size_ || over(true);
    }

  private:
    ShortConnection(int fd, Loop& loop, const Place& to, std::size_t size, Counts& counts) :
        Pollable(fd), loop_(loop), to_(to), size_(size), counts_(counts) {}
    bool over(bool well) {
        ++(well ? counts_.operations : counts_.errors);
        start(loop_, to_, size_, counts_);
        return false;
    }
    Loop& loop_;
    const Place& to_;
    const std::size_t size_;
    Counts& counts_;
    std::size_t got_ = 0;
    bool asked_ = false;
};

void add_backends(Loop& loop, int port, const Listener::OnAccept& make) {
    for (const Place& place : backend_places(port)) {
        loop.add(std::make_unique<Listener>(listen_at(place), make), EPOLLIN);
    }
}

std::uint32_t client_events(Direction direction) {
    if (direction == Direction::kBoth) return EPOLLIN | EPOLLOUT;
    return direction == Direction::kUp ? EPOLLOUT : EPOLLIN;
}

std::uint32_t backend_events(Direction direction) {
    if (direction == Direction::kBoth) return EPOLLIN | EPOLLOUT;
    return direction == Direction::kUp ? EPOLLIN : EPOLLOUT;
}

void connect_all(const std::vector<Place>& to, int count, const std::function<void(int)>& made) {
    for (int i = 0; i < count; ++i) {
        const Place& place = to[static_cast<std::size_t>(i) % to.size()];
        made(check(connect_to(place), "connect"));
    }
}

}  // namespace

void Counts::reset() {
    operations = errors = bytes = 0;
    times.clear();
}

std::vector<Place> backend_places(int port) {
    std::vector<Place> out;
    for (int i = 1; i <= 4; ++i)
        out.push_back({"127.0.1." + std::to_string(i), port});
    return out;
}

void add_echo_backends(Loop& loop, int port, Counts& counts) {
    add_backends(loop, port, [&loop, &counts](int fd) {
        loop.add(std::make_unique<Echo>(fd, counts), EPOLLIN);
    });
}

void add_bulk_backends(Loop& loop, int port, Direction direction, Counts& counts) {
    add_backends(loop, port, [&loop, &counts, direction](int fd) {
        loop.add(std::make_unique<Bulk>(fd, counts), backend_events(direction));
    });
}

void add_ping_clients(Loop& loop, const std::vector<Place>& to, int connections, std::size_t size,
                      Counts& counts) {
    connect_all(to, connections, [&](int fd) {
        loop.add(std::make_unique<Ping>(fd, size, false, counts), EPOLLIN | EPOLLOUT | EPOLLET);
    });
}

void add_idle_clients(Loop& loop, const std::vector<Place>& to, int connections, Counts& counts) {
    connect_all(to, connections, [&](int fd) {
        loop.add(std::make_unique<Ping>(fd, 64, true, counts), EPOLLIN | EPOLLOUT | EPOLLET);
    });
}

void add_short_clients(Loop& loop, const std::vector<Place>& to, int at_once, std::size_t size,
                       Counts& counts) {
    for (int i = 0; i < at_once; ++i)
        ShortConnection::start(loop, to[static_cast<std::size_t>(i) % to.size()], size, counts);
}

void add_bulk_clients(Loop& loop, const std::vector<Place>& to, int streams, Direction direction,
                      Counts& counts) {
    connect_all(to, streams, [&](int fd) {
        loop.add(std::make_unique<Bulk>(fd, counts), client_events(direction));
    });
}

}  // namespace bench
