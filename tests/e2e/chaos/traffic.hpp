// Servers and clients that do what they like: each connection, at either end, has a behaviour of
// its own, drawn when it begins. Nothing is expected of any of them; what is expected of the
// ambassador is asked when all are gone.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "random_choice.hpp"
#include "tables.hpp"

namespace chaos {

using Clock = std::chrono::steady_clock;

// One end of a connection.
struct ConnectionEnd {
    enum class Behaviour {
        kEcho,        // sends back what it gets
        kSpeakFirst,  // sends at once, and then reads
        kBulk,        // sends as much as is taken
        kStall,       // neither reads nor writes
        kHalfClose,   // ends its own direction at once, and reads on
        kReset,       // resets in its time
        kLeave,       // closes in its time
        kUrgent,      // sends urgent data among the rest
    };
    int fd = -1;
    Behaviour behaviour = Behaviour::kEcho;
    Clock::time_point acts_at{};  // resets or leaves
    bool connecting = false;
    bool began = false;
};

class Traffic {
  public:
    explicit Traffic(std::uint64_t seed);
    ~Traffic();
    Traffic(const Traffic&) = delete;
    Traffic& operator=(const Traffic&) = delete;

    // Lets servers and clients act for some milliseconds.
    void turn();
    // From now on there are no new clients, all servers listen, and all connections end.
    void wind_down();

    std::uint64_t clients() const { return clients_begun_; }
    std::uint64_t served() const { return accepted_; }

  private:
    enum class ServerState { kListens, kRefuses, kSilent };
    struct Server {
        int listener = -1;
        ServerState state = ServerState::kRefuses;
        std::vector<int> fillers;  // of a queue that is full
        bool unroutable = false;
    };

    void set_state(int server, ServerState state);
    void set_route(int server, bool reachable);
    void begin_client();
    void accept_some(Server& server);
    ConnectionEnd make(int fd, bool client);
    bool act(ConnectionEnd& end, short events);  // false: it has ended
    bool begin(ConnectionEnd& end);
    bool read_some(ConnectionEnd& end);
    void run(std::list<ConnectionEnd>& ends, const std::vector<pollfd>& polled, std::size_t from);

    RandomChoice random_;
    std::vector<Server> servers_;
    std::list<ConnectionEnd> at_servers_;
    std::list<ConnectionEnd> at_clients_;
    std::uint64_t clients_begun_ = 0;
    std::uint64_t accepted_ = 0;
    bool winding_down_ = false;
};

}  // namespace chaos
