// What all frontends and connections of the proxy share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/net/budget.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/memory_budget.hpp"
#include "amba/net/poller.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/frontend_index.hpp"
#include "proxy/idle_trim.hpp"
#include "proxy/pipe_pool.hpp"

namespace amba::proxy {

// Bytes read at once while copying, and the size of a message from which splice is cheaper.
inline constexpr std::size_t kChunk = 16 * 1024;

class Listener;

class Shared {
  public:
    Shared(net::Poller& poller_in, net::Deadlines& deadlines_in, std::uint64_t seed) :
        poller(poller_in), deadlines(deadlines_in), idle_trim(deadlines_in, pipes), random_(seed) {}

    net::Poller& poller;
    net::Deadlines& deadlines;
    Proxy::Callbacks told;
    std::function<void()> session_ended;

    // The one buffer of the loop: a pump fills and empties it within a call.
    std::array<char, kChunk> scratch;
    PipePool pipes;
    IdleTrim idle_trim;

    ConnectionCount sessions;
    // There are as many connections as descriptors, and as memory allows; the rest waits in the
    // kernel's queues.
    net::Budget& budget = net::Budget::of_process();
    static net::MemoryBudget& memory() { return net::MemoryBudget::of_process(); }
    static constexpr std::size_t kOfConnection = 2;
    static constexpr std::size_t kUnderAnyLimit = 64;
    // What one more connection lacks, which is the name of the event as well; null: nothing.
    static constexpr const char* kDescriptors = "descriptors";
    static constexpr const char* kMemory = "memory";
    const char* lacking() {
        if (!has_room()) pipes.close_idle();
        if (!has_room()) return kDescriptors;
        // A few are served under any limit.
        if (sessions.now < kUnderAnyLimit || memory().has_room(poller.now())) return nullptr;
        return kMemory;
    }
    // As much as that nothing will be lacking again soon.
    bool has_room_to_spare(bool of_memory) {
        return budget.is_half_free() && (!of_memory || memory().is_half_free(poller.now()));
    }

    std::vector<Listener*> paused;  // waiting for descriptors or memory
    void connection_began();
    void connection_ended();
    FrontendIndex frontends;

    // Frees what the loop has no more use for, beside it when it has many parts.
    void discard(std::shared_ptr<void> what, std::size_t parts) {
        if (parts > balance::Pool::kCarried && discard_beside) discard_beside(std::move(what));
    }
    std::function<void(std::shared_ptr<void>)> discard_beside;

    // Connections get a line in the log: one of so many, 0: none.
    unsigned log_one_of = 0;
    bool to_be_logged() {
        if (log_one_of == 0) return false;
        return ++not_logged_ % log_one_of == 0;
    }

    std::uint64_t draw() { return balance::draw(random_); }

  private:
    bool has_room() const { return budget.has_room(net::Budget::Use::kConnections, kOfConnection); }
    std::uint64_t random_;
    unsigned not_logged_ = 0;
};

}  // namespace amba::proxy
