// `timeouts.connect` and `timeouts.queue`, of which one runs at a time.
#include "proxy/dial_clocks.hpp"

#include <algorithm>
#include <utility>

namespace amba::proxy {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kFirstPause = 100ms;
constexpr core::Duration kLongestPause = 1s;

}  // namespace

DialClocks::DialClocks(const Settings& settings, core::Time accepted) :
    settings_(settings), ends_(accepted), dials_since_(accepted),
    queue_left_(settings.timeouts.queue) {}

void DialClocks::start(core::Time now, bool anew) {
    if (anew) dials_since_ = now;
    ends_ = now + settings_.timeouts.connect;
}

void DialClocks::wait(core::Time now, bool on_queue_time) {
    waits_ = true;
    waits_since_ = now;
    on_queue_time_ = on_queue_time;
    // What it dialed on the time of the queue was not on that of timeouts.connect.
    const bool ran_on = std::exchange(queue_runs_on_, false);
    if (ran_on) queue_left_ -= now - queue_runs_since_;
    if (!on_queue_time_) return;
    connect_left_ =
        ran_on ? core::Clock::duration(0) : std::max(ends_ - now, core::Clock::duration(0));
    ends_ = now + queue_left_;
}

void DialClocks::end_wait(core::Time now) {
    waits_ = false;
    if (!on_queue_time_) return;
    const auto waited = now - waits_since_;
    waited_ += waited;
    dials_since_ += waited;
    queue_left_ -= waited;
    ends_ = now + connect_left_;
    if (connect_left_.count() > 0 || !holds(settings_)) return;
    // timeouts.connect is used up and timeouts.queue is not: the next tries are on its time.
    queue_runs_on_ = true;
    queue_runs_since_ = now;
    ends_ = now + std::min<core::Clock::duration>(settings_.timeouts.connect, queue_left_);
}

// Many ambassadors lose a server at the same moment: with jitter, 0.8 to 1 of it.
core::Time DialClocks::pause(core::Time now, std::uint64_t random) {
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    return now + pause_ * (80 + static_cast<std::int64_t>(random % 21)) / 100;
}

core::Clock::duration DialClocks::waited_for(core::Time now) const {
    return waits_on_queue_time() ? waited_ + (now - waits_since_) : waited_;
}

}  // namespace amba::proxy
