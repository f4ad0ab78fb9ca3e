// Servers and clients that do what they like: each connection, at either end, has a temper of its
// own, drawn when it begins. Nothing is expected of any of them; what is expected of the ambassador
// is asked when all are gone.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "chance.hpp"
#include "tables.hpp"

namespace chaos {

using Clock = std::chrono::steady_clock;

// One end of a connection.
struct Party {
    enum class Temper {
        kEcho,       // sends back what it gets
        kTalk,       // sends at once, and then reads
        kBulk,       // sends as much as is taken
        kStall,      // neither reads nor writes
        kHalfClose,  // ends its own direction at once, and reads on
        kReset,      // resets in its time
        kLeave,      // closes in its time
        kUrgent,     // sends urgent data among the rest
    };
    int fd = -1;
    Temper temper = Temper::kEcho;
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

    // What happens in the next milliseconds.
    void turn();
    // No new clients; all servers listen; everybody leaves.
    void wind_down();

    std::uint64_t clients() const { return clients_begun_; }
    std::uint64_t served() const { return accepted_; }

  private:
    enum class Mood { kListens, kRefuses, kSilent };
    struct Server {
        int listener = -1;
        Mood mood = Mood::kRefuses;
        std::vector<int> fillers;  // of a queue that is full
        bool unroutable = false;
    };

    void set_mood(int server, Mood mood);
    void set_route(int server, bool reachable);
    void begin_client();
    void accept_some(Server& server);
    Party make(int fd, bool client);
    bool act(Party& party, short events);  // false: it has ended
    bool begin(Party& party);
    bool read_some(Party& party);
    void run(std::list<Party>& parties, const std::vector<pollfd>& polled, std::size_t from);

    Chance chance_;
    std::vector<Server> servers_;
    std::list<Party> at_servers_;
    std::list<Party> at_clients_;
    std::uint64_t clients_begun_ = 0;
    std::uint64_t accepted_ = 0;
    bool winding_down_ = false;
};

}  // namespace chaos
