// After a burst: gives back what it needed, the heap of its connections and the pipes of its
// transfers, once they have not been needed for a while. An ambassador idles most of its life.
#pragma once

#include <algorithm>
#include <cstddef>

#include "amba/net/deadlines.hpp"
#include "proxy/pipe_pool.hpp"

namespace amba::proxy {

class IdleTrim final : private net::Deadline {
  public:
    IdleTrim(net::Deadlines& deadlines, PipePool& pipes) : deadlines_(deadlines), pipes_(pipes) {}

    // A connection began or ended; so many there are now.
    void began(std::size_t connections) {
        connections_ = connections;
        most_ = std::max(most_, connections);
    }
    void ended(std::size_t connections) {
        connections_ = connections;
        if (most_ >= kBurst && !armed() && is_over()) wait();
    }
    // A pipe went back to the pool.
    void pipe_is_idle() {
        if (!armed()) wait();
    }

  private:
    // Connections, from which on trimming the heap (malloc_trim(3)) gives back more than a few
    // pages.
    static constexpr std::size_t kBurst = 256;

    bool is_over() const { return connections_ <= most_ / 2; }
    void wait();
    void on_deadline() override;

    net::Deadlines& deadlines_;
    PipePool& pipes_;
    std::size_t connections_ = 0;
    std::size_t most_ = 0;  // since the heap was trimmed last
    std::size_t pipes_taken_ = 0;
};

}  // namespace amba::proxy
