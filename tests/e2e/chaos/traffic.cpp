// Sockets of both sides in one thread, by poll(2).
#include "traffic.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "sockets.hpp"

namespace chaos {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMostClients = 120;
constexpr int kBacklog = 64;

void close_with_reset(int fd) {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

}  // namespace

Traffic::Traffic(std::uint64_t seed) : random_(seed), servers_(kServers) {
    for (int i = 0; i < kServers; ++i)
        set_state(i, ServerState::kListens);
}

Traffic::~Traffic() {
    for (std::list<ConnectionEnd>* side : {&at_servers_, &at_clients_}) {
        for (ConnectionEnd& end : *side)
            close(end.fd);
    }
    for (int i = 0; i < kServers; ++i)
        set_state(i, ServerState::kRefuses);
}

void Traffic::set_state(int which, ServerState state) {
    Server& server = servers_[static_cast<std::size_t>(which)];
    if (server.state == state) return;
    for (const int fd : server.fillers)
        close(fd);
    server.fillers.clear();
    if (server.listener >= 0) close(server.listener);
    server.listener = -1;
    server.state = state;
    if (state == ServerState::kRefuses) return;
    server.listener = listen_at(server_host(which), state == ServerState::kSilent ? 0 : kBacklog);
    if (server.listener < 0) {
        server.state = ServerState::kRefuses;
        return;
    }
    for (int i = 0; state == ServerState::kSilent && i < 3; ++i)
        server.fillers.push_back(connect_to(server_host(which)));
}

// Of the network that is the test's own.
void Traffic::set_route(int which, bool reachable) {
    Server& server = servers_[static_cast<std::size_t>(which)];
    if (server.unroutable != reachable) return;
    server.unroutable = !reachable;
    const std::string change = "ip route " + std::string(reachable ? "del" : "add") +
                               " unreachable " + server_host(which) + "/32 table local 2>/dev/null";
    if (std::system(change.c_str()) != 0) std::fprintf(stderr, "note: %s failed\n", change.c_str());
}

ConnectionEnd Traffic::make(int fd, bool client) {
    using enum ConnectionEnd::Behaviour;
    ConnectionEnd end;
    end.fd = fd;
    end.behaviour = random_.one_of({kEcho, kEcho, kSpeakFirst, kSpeakFirst, kBulk, kStall,
                                    kHalfClose, kReset, kReset, kLeave, kLeave, kUrgent});
    // A connection whose behaviour has no end gets one all the same, later.
    const int most = client ? 800 : 1500;
    end.acts_at =
        Clock::now() + std::chrono::milliseconds(random_.percent(40) ? 0 : random_.below(most) + 1);
    if (end.behaviour != kReset && end.behaviour != kLeave) {
        end.acts_at = Clock::now() + std::chrono::milliseconds(random_.below(2 * most) + 1);
    }
    end.connecting = client;
    if (winding_down_) end.acts_at = Clock::now();
    return end;
}

void Traffic::begin_client() {
    const int fd = connect_to(front_host(random_.below(kFrontends)));
    if (fd < 0) return;
    ++clients_begun_;
    at_clients_.push_back(make(fd, true));
}

void Traffic::accept_some(Server& server) {
    for (int i = 0; i < kBacklog; ++i) {
        const int fd = accept4(server.listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        ++accepted_;
        at_servers_.push_back(make(fd, false));
    }
}

bool Traffic::begin(ConnectionEnd& end) {
    using enum ConnectionEnd::Behaviour;
    end.began = true;
    static const std::string kWords(3000, 'w');
    switch (end.behaviour) {
        case kSpeakFirst:
        case kUrgent:
            send(end.fd, kWords.data(), static_cast<std::size_t>(random_.below(3000)),
                 MSG_NOSIGNAL);
            if (end.behaviour == kUrgent) {
                send(end.fd, "!", 1, MSG_NOSIGNAL | MSG_OOB);
                send(end.fd, "after", 5, MSG_NOSIGNAL);
            }
            return true;
        case kHalfClose:
            if (random_.percent(50)) send(end.fd, "last words", 10, MSG_NOSIGNAL);
            shutdown(end.fd, SHUT_WR);
            return true;
        case kReset:
        case kLeave:
            if (random_.percent(50)) send(end.fd, "x", 1, MSG_NOSIGNAL);
            return true;
        default: return true;
    }
}

bool Traffic::read_some(ConnectionEnd& end) {
    char buffer[16384];
    for (int i = 0; i < 4; ++i) {
        const ssize_t got = recv(end.fd, buffer, sizeof buffer, 0);
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        if (got == 0) {
            // The other side has ended: this one ends too, now or when it acts.
            if (end.behaviour == ConnectionEnd::Behaviour::kStall || random_.percent(30))
                return true;
            return false;
        }
        if (end.behaviour != ConnectionEnd::Behaviour::kEcho) continue;
        const ssize_t sent = send(end.fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
        if (sent < got) return sent < 0 ? errno == EAGAIN : true;
    }
    return true;
}

bool Traffic::act(ConnectionEnd& end, short events) {
    using enum ConnectionEnd::Behaviour;
    if (Clock::now() >= end.acts_at) {
        if (end.behaviour == kReset || (winding_down_ && random_.percent(30))) {
            close_with_reset(end.fd);
        } else {
            close(end.fd);
        }
        end.fd = -1;
        return false;
    }
    if ((events & POLLERR) != 0) return false;
    if (end.connecting && (events & POLLOUT) == 0) return true;
    end.connecting = false;
    if (!end.began && !begin(end)) return false;
    if (end.behaviour == kStall) return true;
    if (end.behaviour == kBulk && (events & POLLOUT) != 0) {
        static const std::string kMuch(65536, 'b');
        if (send(end.fd, kMuch.data(), kMuch.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
            return false;
        }
    }
    return (events & (POLLIN | POLLHUP)) == 0 || read_some(end);
}

void Traffic::run(std::list<ConnectionEnd>& ends, const std::vector<pollfd>& polled,
                  std::size_t from) {
    for (auto at = ends.begin(); at != ends.end();) {
        const bool was_polled = from < polled.size() && polled[from].fd == at->fd;
        const short events = was_polled ? polled[from++].revents : short{0};
        if (act(*at, events)) {
            ++at;
            continue;
        }
        if (at->fd >= 0) close(at->fd);
        at = ends.erase(at);
    }
}

void Traffic::turn() {
    if (!winding_down_) {
        for (int i = 0; i < 3 && at_clients_.size() < kMostClients; ++i)
            begin_client();
        if (random_.percent(4)) {
            set_state(random_.below(kServers),
                      random_.one_of({ServerState::kListens, ServerState::kListens,
                                      ServerState::kRefuses, ServerState::kSilent}));
        }
        if (random_.percent(1)) set_route(random_.below(kServers), random_.percent(60));
    }
    std::vector<pollfd> polled;
    for (const std::list<ConnectionEnd>* side : {&at_clients_, &at_servers_}) {
        for (const ConnectionEnd& end : *side) {
            short wanted =
                end.behaviour == ConnectionEnd::Behaviour::kStall && end.began ? 0 : POLLIN;
            if (end.connecting || !end.began || end.behaviour == ConnectionEnd::Behaviour::kBulk)
                wanted |= POLLOUT;
            polled.push_back({end.fd, wanted, 0});
        }
    }
    poll(polled.data(), polled.size(), 2);
    const std::size_t clients = at_clients_.size();
    run(at_clients_, polled, 0);
    run(at_servers_, polled, clients);
    for (Server& server : servers_) {
        if (server.state == ServerState::kListens) accept_some(server);
    }
}

void Traffic::wind_down() {
    winding_down_ = true;
    for (int i = 0; i < kServers; ++i) {
        set_route(i, true);
        set_state(i, ServerState::kListens);
    }
    for (ConnectionEnd& end : at_clients_)
        end.acts_at = Clock::now();
    const auto until = Clock::now() + 10s;
    while (!at_clients_.empty() && Clock::now() < until)
        turn();
    for (ConnectionEnd& end : at_servers_)
        end.acts_at = Clock::now();
    turn();
}

}  // namespace chaos
