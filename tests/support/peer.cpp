#include "support/peer.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace amba::test {

namespace script {

void echo(Socket& client) {
    for (;;) {
        const std::string bytes = client.receive_some();
        if (bytes.empty()) return;
        client.send(bytes);
    }
}

void answer_late(Socket& client) {
    client.send(client.receive_to_end());
}

void swallow(Socket& client) {
    while (!client.receive_some().empty()) {
    }
}

void hold(Socket& client) {
    // The peer's end shuts the socket down, which is what this waits for.
    pollfd gone{client.fd(), 0, 0};
    ::poll(&gone, 1, 60'000);
}

Script greet_then_close(std::string greeting) {
    return [greeting = std::move(greeting)](Socket& client) {
        client.send(greeting);
    };
}

Script greet_then_echo(std::string greeting) {
    return [greeting = std::move(greeting)](Socket& client) {
        client.send(greeting);
        echo(client);
    };
}

Script stall_after(std::size_t count) {
    return [count](Socket& client) {
        client.receive(count);
        hold(client);
    };
}

Script reset_after(std::size_t count) {
    return [count](Socket& client) {
        client.receive(count);
        client.reset();
    };
}

}  // namespace script

namespace {

constexpr int kBacklog = 4096;

// The port of `place` is that of the kernel's choice where it was 0.
int listen_at(Place& place, int backlog) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(place.port);
    inet_pton(AF_INET, place.host.c_str(), &address.sin_addr);
    socklen_t length = sizeof address;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(fd, backlog) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
        throw SocketError("listen on " + place.to_string(), errno);
    }
    place.port = ntohs(address.sin_port);
    return fd;
}

int listen_at_path(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw SocketError("listen on " + path, EINVAL);
    std::copy(path.begin(), path.end(), address.sun_path);
    std::size_t length = sizeof address;
    if (path.starts_with('@')) {
        address.sun_path[0] = '\0';
        length = offsetof(sockaddr_un, sun_path) + path.size();
    }
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(length)) != 0 ||
        listen(fd, kBacklog) != 0) {
        throw SocketError("listen on " + path, errno);
    }
    return fd;
}

}  // namespace

Peer::Peer(Script script) : Peer(std::move(script), {"127.0.0.1", 0}) {}

Peer::Peer(Script script, const Place& place) :
    script_(std::move(script)), place_(place), listener_(listen_at(place_, kBacklog)),
    acceptor_([this] { accept(); }) {}

Peer::Peer(Script script, int listener) :
    script_(std::move(script)), listener_(listener), acceptor_([this] { accept(); }) {}

Peer Peer::at_path(Script script, const std::string& path) {
    return Peer(std::move(script), listen_at_path(path));
}

Peer::~Peer() {
    stop_listening();
    {
        const std::lock_guard lock(mutex_);
        for (Connection& connection : connections_)
            if (connection.socket.open()) ::shutdown(connection.socket.fd(), SHUT_RDWR);
    }
    for (Connection& connection : connections_)
        connection.thread.join();
}

void Peer::stop_listening() {
    stopping_ = true;
    if (acceptor_.joinable()) acceptor_.join();
    if (listener_ >= 0) ::close(std::exchange(listener_, -1));
}

void Peer::accept() {
    while (!stopping_) {
        pollfd ready{listener_, POLLIN, 0};
        if (accepted_ % 64 == 63) reap();
        if (::poll(&ready, 1, 5) != 1) continue;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) continue;
        const std::lock_guard lock(mutex_);
        Connection& connection = connections_.emplace_back();
        connection.socket = Socket(fd);
        ++open_;
        ++accepted_;
        connection.thread = std::thread([this, &connection] { serve(connection); });
    }
}

void Peer::serve(Connection& connection) {
    // The script works on a duplicate, so that it may close it while ~Peer shuts the other down.
    Socket socket(::fcntl(connection.socket.fd(), F_DUPFD_CLOEXEC, 0));
    try {
        script_(socket);
    } catch (const std::exception& error) {
        const std::lock_guard lock(mutex_);
        errors_.push_back(error.what());
    }
    const std::lock_guard lock(mutex_);
    socket.close();
    connection.socket.close();
    connection.over = true;
    --open_;
}

// Ends the threads of connections that are over, so that thousands of them leave nothing behind.
void Peer::reap() {
    std::list<Connection> over;
    {
        const std::lock_guard lock(mutex_);
        for (auto at = connections_.begin(); at != connections_.end();) {
            const auto next = std::next(at);
            if (at->over) over.splice(over.end(), connections_, at);
            at = next;
        }
    }
    for (Connection& connection : over)
        connection.thread.join();
}

std::vector<std::string> Peer::errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
}

SilentPeer::SilentPeer() : place_{"127.0.0.1", 0}, listener_(listen_at(place_, 0)) {
    // The queue of a listen(0) holds one; what comes when it is full is dropped without a word.
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(place_.port);
    inet_pton(AF_INET, place_.host.c_str(), &address.sin_addr);
    for (int i = 0; i < 4; ++i) {
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
        fillers_.push_back(fd);
    }
    const auto full = [&] {
        try {
            Socket::connect(place_, 50ms);
            return false;
        } catch (const SocketError& error) {
            return error.code == ETIMEDOUT;
        }
    };
    if (!eventually(full)) throw std::runtime_error("the queue does not fill");
}

SilentPeer::~SilentPeer() {
    for (const int fd : fillers_)
        ::close(fd);
    ::close(listener_);
}

}  // namespace amba::test
