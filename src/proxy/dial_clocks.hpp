// The times of a connection until it has a backend: how long it may dial and wait, and how long it
// has.
//
// Two clocks: dialing, with the pauses, takes `timeouts.connect` altogether, waiting takes
// `timeouts.queue` altogether. Each stands still while the other runs. Under `empty=hold` a
// connection whose `timeouts.connect` is used up dials on what is left of `timeouts.queue`.
//
// Pure: the time comes with each call.
#pragma once

#include <cstdint>

#include "amba/core/outcome.hpp"
#include "amba/proxy/proxy.hpp"

namespace amba::proxy {

// `empty=hold`: connections wait for a backend when there is none.
inline bool holds(const Settings& settings) {
    return settings.empty == core::Empty::kHold;
}

class DialClocks {
  public:
    // Of a connection that was accepted then. The settings are those of the frontend, and may
    // change at any time.
    DialClocks(const Settings& settings, core::Time accepted);

    // It dials from now on. `anew`: it had a backend, which has lost it.
    void start(core::Time now, bool anew);
    // It waits from now on: for a backend, on the time of the queue, or for a pause to pass.
    void wait(core::Time now, bool on_queue_time);
    void end_wait(core::Time now);
    // A pause that begins now is over then. Each is longer than the one before, up to a second;
    // `random` spreads those of many connections.
    core::Time pause(core::Time now, std::uint64_t random);
    bool has_paused() const { return pause_.count() > 0; }

    // All tries, or all waiting, must be over then.
    core::Time ends() const { return ends_; }
    bool waits() const { return waits_; }
    // It waits, and `timeouts.queue` runs.
    bool waits_on_queue_time() const { return waits_ && on_queue_time_; }
    // At which stage it would end now.
    core::Stage stage() const {
        return waits_on_queue_time() ? core::Stage::kQueue : core::Stage::kConnect;
    }
    // Since it was accepted, without the time that it has waited for a backend.
    core::Clock::duration dialed_for(core::Time now) const { return now - dials_since_; }
    // For a backend, altogether.
    core::Clock::duration waited_for(core::Time now) const;

  private:
    const Settings& settings_;
    core::Time ends_;
    core::Time dials_since_;      // without the time that it has waited
    bool waits_ = false;          // the next two are of the last wait
    bool on_queue_time_ = false;  // timeouts.queue runs, and timeouts.connect stands still
    core::Time waits_since_{};
    bool queue_runs_on_ = false;  // while it dials, as timeouts.connect is used up
    core::Time queue_runs_since_{};
    core::Clock::duration connect_left_{0};  // while timeouts.connect stands still
    core::Clock::duration queue_left_;
    core::Clock::duration waited_{0};
    core::Duration pause_{0};  // the last one
};

}  // namespace amba::proxy
