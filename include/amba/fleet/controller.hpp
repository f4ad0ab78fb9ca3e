// Controller: keeps the ambassadors of a fleet where they ought to be, with the tables they ought
// to have, by the Engines' events.
//
// Level-triggered: an event says only that something has changed. The whole is looked at then,
// after a moment in which more may come, and what differs is put right; so it does not matter in
// which order events come, or whether one is lost. One thing alone is taken from the events
// themselves: that a container has been told to stop, which no other call of the Engine tells. The
// whole is also looked at when a stream of events begins anew, and every half minute without any.
//
// run() blocks until it is told to stop, and logs what it does. An Engine that does not answer does
// not hold up the others (watch.hpp). Ambassadors live on without it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>

#include "amba/docker/engine.hpp"
#include "amba/fleet/fleet.hpp"
#include "amba/fleet/watch.hpp"

namespace amba::fleet {

// The containers that have been told to stop. Each is one of them from its `kill` event until it is
// started again (which a look tells as well as an event) or gone, or until the time that it has to
// end by itself, a minute at least, is over: then it has shown that it lives on. Only SIGKILL and a
// container's own STOPSIGNAL stop it. Thread-safe.
class Stopping {
  public:
    using Clock = std::chrono::steady_clock;
    void told(const docker::EngineEvent& event, Clock::time_point now);
    void mark(Snapshot& snapshot, Clock::time_point now);

  private:
    std::mutex mutex_;
    struct StopSignal {
        std::int64_t at_us = 0;  // by the Engine's clock
        Clock::time_point since;
    };
    std::map<std::pair<std::string, std::string>, StopSignal> told_;  // by id and signal
};

// Several threads ring it, and one waits for it.
class Doorbell {
  public:
    using Clock = std::chrono::steady_clock;
    void ring();
    // False: nobody has rung until then. Once it returns true, the bell is silent again.
    bool wait_until(Clock::time_point time, const std::stop_token& stop);

  private:
    std::mutex mutex_;
    std::condition_variable_any rung_;
    bool ringing_ = false;
};

class Controller {
  public:
    explicit Controller(const Fleet& fleet) : fleet_(fleet) {}
    void run(const std::stop_token& stop);

  private:
    using Clock = std::chrono::steady_clock;

    // False: something could not be done, and is to be tried again.
    bool reconcile(EngineWatch& watch);
    // True: something was done, so that the snapshot is out of date.
    bool create(const Snapshot& snapshot, Clock::time_point now);
    bool configure(Snapshot& snapshot);
    void wait(const std::stop_token& stop);

    const Fleet& fleet_;
    TablesGiven given_;
    Stopping stopping_;
    Doorbell bell_;
    std::atomic<unsigned> starts_{0};  // of clients and servers
    Clock::time_point verify_{};
    unsigned failures_ = 0;  // in a row
    // What create does makes events, which must not make it try again at once what failed.
    Clock::time_point create_after_{};
    Clock::time_point restarted_{};
    unsigned create_failures_ = 0;  // in a row
};

}  // namespace amba::fleet
