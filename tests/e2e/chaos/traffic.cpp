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

Traffic::Traffic(std::uint64_t seed) : chance_(seed), servers_(kServers) {
    for (int i = 0; i < kServers; ++i)
        set_mood(i, Mood::kListens);
}

Traffic::~Traffic() {
    for (std::list<Party>* side : {&at_servers_, &at_clients_}) {
        for (Party& party : *side)
            close(party.fd);
    }
    for (int i = 0; i < kServers; ++i)
        set_mood(i, Mood::kRefuses);
}

void Traffic::set_mood(int which, Mood mood) {
    Server& server = servers_[static_cast<std::size_t>(which)];
    if (server.mood == mood) return;
    for (const int fd : server.fillers)
        close(fd);
    server.fillers.clear();
    if (server.listener >= 0) close(server.listener);
    server.listener = -1;
    server.mood = mood;
    if (mood == Mood::kRefuses) return;
    server.listener = listen_at(server_host(which), mood == Mood::kSilent ? 0 : kBacklog);
    if (server.listener < 0) {
        server.mood = Mood::kRefuses;
        return;
    }
    for (int i = 0; mood == Mood::kSilent && i < 3; ++i)
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

Party Traffic::make(int fd, bool client) {
    using enum Party::Temper;
    Party party;
    party.fd = fd;
    party.temper = chance_.one_of({kEcho, kEcho, kTalk, kTalk, kBulk, kStall, kHalfClose, kReset,
                                   kReset, kLeave, kLeave, kUrgent});
    // Whoever has no end of his own has one all the same, some day.
    const int most = client ? 800 : 1500;
    party.acts_at =
        Clock::now() + std::chrono::milliseconds(chance_.percent(40) ? 0 : chance_.below(most) + 1);
    if (party.temper != kReset && party.temper != kLeave) {
        party.acts_at = Clock::now() + std::chrono::milliseconds(chance_.below(2 * most) + 1);
    }
    party.connecting = client;
    if (winding_down_) party.acts_at = Clock::now();
    return party;
}

void Traffic::begin_client() {
    const int fd = connect_to(front_host(chance_.below(kFrontends)));
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

bool Traffic::begin(Party& party) {
    using enum Party::Temper;
    party.began = true;
    static const std::string kWords(3000, 'w');
    switch (party.temper) {
        case kTalk:
        case kUrgent:
            send(party.fd, kWords.data(), static_cast<std::size_t>(chance_.below(3000)),
                 MSG_NOSIGNAL);
            if (party.temper == kUrgent) {
                send(party.fd, "!", 1, MSG_NOSIGNAL | MSG_OOB);
                send(party.fd, "after", 5, MSG_NOSIGNAL);
            }
            return true;
        case kHalfClose:
            if (chance_.percent(50)) send(party.fd, "last words", 10, MSG_NOSIGNAL);
            shutdown(party.fd, SHUT_WR);
            return true;
        case kReset:
        case kLeave:
            if (chance_.percent(50)) send(party.fd, "x", 1, MSG_NOSIGNAL);
            return true;
        default: return true;
    }
}

bool Traffic::read_some(Party& party) {
    char buffer[16384];
    for (int i = 0; i < 4; ++i) {
        const ssize_t got = recv(party.fd, buffer, sizeof buffer, 0);
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        if (got == 0) {
            // The end of the other: its own follows, now or when it acts.
            if (party.temper == Party::Temper::kStall || chance_.percent(30)) return true;
            return false;
        }
        if (party.temper != Party::Temper::kEcho) continue;
        const ssize_t sent = send(party.fd, buffer, static_cast<std::size_t>(got), MSG_NOSIGNAL);
        if (sent < got) return sent < 0 ? errno == EAGAIN : true;
    }
    return true;
}

bool Traffic::act(Party& party, short events) {
    using enum Party::Temper;
    if (Clock::now() >= party.acts_at) {
        if (party.temper == kReset || (winding_down_ && chance_.percent(30))) {
            close_with_reset(party.fd);
        } else {
            close(party.fd);
        }
        party.fd = -1;
        return false;
    }
    if ((events & POLLERR) != 0) return false;
    if (party.connecting && (events & POLLOUT) == 0) return true;
    party.connecting = false;
    if (!party.began && !begin(party)) return false;
    if (party.temper == kStall) return true;
    if (party.temper == kBulk && (events & POLLOUT) != 0) {
        static const std::string kMuch(65536, 'b');
        if (send(party.fd, kMuch.data(), kMuch.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
            return false;
        }
    }
    return (events & (POLLIN | POLLHUP)) == 0 || read_some(party);
}

void Traffic::run(std::list<Party>& parties, const std::vector<pollfd>& polled, std::size_t from) {
    for (auto at = parties.begin(); at != parties.end();) {
        const bool was_polled = from < polled.size() && polled[from].fd == at->fd;
        const short events = was_polled ? polled[from++].revents : short{0};
        if (act(*at, events)) {
            ++at;
            continue;
        }
        if (at->fd >= 0) close(at->fd);
        at = parties.erase(at);
    }
}

void Traffic::turn() {
    if (!winding_down_) {
        for (int i = 0; i < 3 && at_clients_.size() < kMostClients; ++i)
            begin_client();
        if (chance_.percent(4)) {
            set_mood(chance_.below(kServers), chance_.one_of({Mood::kListens, Mood::kListens,
                                                              Mood::kRefuses, Mood::kSilent}));
        }
        if (chance_.percent(1)) set_route(chance_.below(kServers), chance_.percent(60));
    }
    std::vector<pollfd> polled;
    for (const std::list<Party>* side : {&at_clients_, &at_servers_}) {
        for (const Party& party : *side) {
            short wanted = party.temper == Party::Temper::kStall && party.began ? 0 : POLLIN;
            if (party.connecting || !party.began || party.temper == Party::Temper::kBulk)
                wanted |= POLLOUT;
            polled.push_back({party.fd, wanted, 0});
        }
    }
    poll(polled.data(), polled.size(), 2);
    const std::size_t clients = at_clients_.size();
    run(at_clients_, polled, 0);
    run(at_servers_, polled, clients);
    for (Server& server : servers_) {
        if (server.mood == Mood::kListens) accept_some(server);
    }
}

void Traffic::wind_down() {
    winding_down_ = true;
    for (int i = 0; i < kServers; ++i) {
        set_route(i, true);
        set_mood(i, Mood::kListens);
    }
    for (Party& party : at_clients_)
        party.acts_at = Clock::now();
    const auto until = Clock::now() + 10s;
    while (!at_clients_.empty() && Clock::now() < until)
        turn();
    for (Party& party : at_servers_)
        party.acts_at = Clock::now();
    turn();
}

}  // namespace chaos
