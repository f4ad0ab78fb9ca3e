// The kinds of traffic: the backends that answer it and the clients that make it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loop.hpp"

namespace bench {

struct Place {
    std::string address;
    int port = 0;
};

enum class Direction { kUp, kDown, kBoth };  // up: client to backend

// What was counted since the last reset().
struct Counts {
    std::uint64_t operations = 0;  // round trips, or short connections
    std::uint64_t errors = 0;
    std::uint64_t bytes = 0;           // received at either end (bulk)
    std::vector<std::uint32_t> times;  // of round trips, nanoseconds
    void reset();
};

// Backends listen at 127.0.1.1 to 127.0.1.4 on `port`.
std::vector<Place> backend_places(int port);
// Backends that send back what they get.
void add_echo_backends(Loop& loop, int port, Counts& counts);
// Backends that take or send without end.
void add_bulk_backends(Loop& loop, int port, Direction direction, Counts& counts);

// Clients that ping, wait for the answer and ping again. They are spread over the places given: one
// for a proxy, the backends themselves for a direct run.
void add_ping_clients(Loop& loop, const std::vector<Place>& to, int connections, std::size_t size,
                      Counts& counts);
// Clients that connect, ask, read the answer, close, and begin again.
void add_short_clients(Loop& loop, const std::vector<Place>& to, int at_once, std::size_t size,
                       Counts& counts);
void add_bulk_clients(Loop& loop, const std::vector<Place>& to, int streams, Direction direction,
                      Counts& counts);
// Clients that ping once and are silent from then on.
void add_idle_clients(Loop& loop, const std::vector<Place>& to, int connections, Counts& counts);

}  // namespace bench
