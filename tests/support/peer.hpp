// A scripted server, on 127.0.0.1 or a UNIX socket: what it does with each connection is a
// function.
//
//   Peer peer(script::echo);
//   Peer rude([](Socket& client) { client.receive(10); client.reset(); });
//
// Scripts run in threads of their own, one a connection. They may block: every socket call has a
// deadline, and a Peer that ends shuts their sockets down. What a script throws is kept in
// errors().
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/socket.hpp"

namespace amba::test {

using Script = std::function<void(Socket&)>;

namespace script {

void echo(Socket& client);
// Reads to the end, then answers with everything it got and closes.
void answer_late(Socket& client);
// Reads and forgets.
void swallow(Socket& client);
// Says nothing, reads nothing, until the test is over.
void hold(Socket& client);
Script greet_then_close(std::string greeting);
Script greet_then_echo(std::string greeting);
// Reads `count` bytes and no more.
Script stall_after(std::size_t count);
Script reset_after(std::size_t count);

}  // namespace script

class Peer {
  public:
    explicit Peer(Script script);
    // Listens at `place`, and not on a port of the kernel's choice.
    Peer(Script script, const Place& place);
    // On a UNIX socket; a path that begins with '@' is an abstract name (unix(7)).
    static Peer at_path(Script script, const std::string& path);
    ~Peer();
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    const Place& place() const { return place_; }  // of TCP
    std::string address() const { return place_.to_string(); }

    std::size_t accepted() const { return accepted_; }
    std::size_t open() const { return open_; }  // connections whose script still runs
    std::vector<std::string> errors() const;
    // Closes the listening socket: new connections are refused, those it has go on.
    void stop_listening();

  private:
    struct Connection {
        Socket socket;
        std::thread thread;
        bool over = false;
    };
    Peer(Script script, int listener);
    void accept();
    void serve(Connection& connection);
    void reap();

    const Script script_;
    Place place_;
    int listener_ = -1;
    std::atomic<std::size_t> accepted_{0};
    std::atomic<std::size_t> open_{0};
    mutable std::mutex mutex_;  // guards connections_ and errors_
    std::list<Connection> connections_;
    std::vector<std::string> errors_;
    std::atomic<bool> stopping_{false};
    std::thread acceptor_;
};

// Listens with a queue that is full: a SYN is never answered.
class SilentPeer {
  public:
    SilentPeer();
    ~SilentPeer();
    SilentPeer(const SilentPeer&) = delete;
    SilentPeer& operator=(const SilentPeer&) = delete;
    const Place& place() const { return place_; }
    std::string address() const { return place_.to_string(); }

  private:
    Place place_;
    int listener_ = -1;
    std::vector<int> fillers_;
};

}  // namespace amba::test
