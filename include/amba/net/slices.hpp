// Work on many things, some of them in each round of the poller, so that traffic has its turn
// between two slices. Little work is done at once, before run() returns.
#pragma once

#include <cstddef>
#include <functional>

#include "amba/core/duration.hpp"
#include "amba/net/poller.hpp"

namespace amba::net {

class Slices final : public Pollable {
  public:
    // False: the work is given up, the rest is left out.
    using Step = std::function<bool(std::size_t)>;
    using Done = std::function<void()>;

    // A slice ends with the step in which `slice` of real time is over.
    explicit Slices(Poller& poller, std::chrono::microseconds slice = kSlice) :
        poller_(poller), slice_(slice) {}
    static constexpr std::chrono::microseconds kSlice{200};

    // Calls step(0) ... step(count - 1), then done. One work at a time; done may begin the next.
    void run(std::size_t count, Step step, Done done);
    // Does the rest of the work now, and all of the work that follows it.
    void finish();
    bool busy() const { return done_ != nullptr; }

  private:
    void on_ready(unsigned, std::uint32_t) override {}  // has no descriptor
    void on_again() override { go_on(core::Clock::now() + slice_); }
    void go_on(core::Time until);

    Poller& poller_;
    const std::chrono::microseconds slice_;
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    Step step_;
    Done done_;
    bool finishing_ = false;
};

}  // namespace amba::net
