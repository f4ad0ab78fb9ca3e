// What all frontends and connections of the proxy share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "amba/net/deadlines.hpp"
#include "amba/net/poller.hpp"
#include "proxy/pipe_pool.hpp"

namespace amba::proxy {

// Bytes read at once while copying, and the size of a message from which splice is cheaper.
inline constexpr std::size_t kChunk = 16 * 1024;

class Frontend;

class Shared {
  public:
    Shared(net::Poller& poller_in, net::Deadlines& deadlines_in) :
        poller(poller_in), deadlines(deadlines_in) {}

    net::Poller& poller;
    net::Deadlines& deadlines;
    std::function<void(const std::string& origin)> connect_failed;
    std::function<void()> session_ended;

    // The one buffer of the loop: a pump fills and empties it within a call.
    std::array<char, kChunk> scratch;
    PipePool pipes;

    std::size_t sessions = 0;
    // As many as there are descriptors for; the rest waits in the kernel's queues.
    std::size_t max_sessions = 0;
    bool full() const { return sessions >= max_sessions; }
    // A pipe takes two descriptors, as a connection does.
    bool can_take_pipe() const { return sessions + pipes_out < max_sessions; }
    std::size_t pipes_out = 0;

    std::vector<Frontend*> paused;   // waiting for descriptors
    std::vector<Frontend*> retired;  // out of the table, with connections left
};

}  // namespace amba::proxy
