// A slice ends by the clock, so that one costs the connections the same whatever the work is.
#include "amba/net/slices.hpp"

#include <utility>

namespace amba::net {

void Slices::run(std::size_t count, Step step, Done done) {
    next_ = 0;
    count_ = count;
    step_ = std::move(step);
    done_ = std::move(done);
    go_on(finishing_ ? core::Time::max() : core::Clock::now() + slice_);
}

void Slices::go_on(core::Time until) {
    if (!busy()) return;  // finish() has done the work since this turn was asked for
    while (next_ < count_) {
        if (!step_(next_++)) break;
        if (next_ == count_ || until == core::Time::max()) continue;
        if (core::Clock::now() >= until) return poller_.again(*this);
    }
    step_ = nullptr;
    const Done done = std::exchange(done_, nullptr);
    done();
}

void Slices::finish() {
    finishing_ = true;
    while (busy())
        go_on(core::Time::max());
    finishing_ = false;
}

}  // namespace amba::net
