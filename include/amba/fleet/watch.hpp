// Watch: follows the events of every Engine, and looks at those that answer.
//
// An Engine that does not answer must not hold up the others: what it said last stands in for it
// until it answers again, so that tables elsewhere keep its containers, of which nobody knows
// better. One that has not answered yet holds up all, since without it half of a table may be
// missing. An Engine answers from when its stream of events has begun until that breaks or a look
// fails; it is then asked again, later each time (0.1 s to 5 s).
//
// A thread for each Engine follows; both functions are called from those. Logs who comes and goes.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "amba/docker/engine.hpp"
#include "amba/fleet/fleet.hpp"

namespace amba::fleet {

class EngineWatch {
  public:
    using OnEvent = std::function<void(const docker::EngineEvent&)>;
    using OnReturn = std::function<void()>;  // an Engine answers again

    EngineWatch(const Fleet& fleet, OnEvent told, OnReturn changed);
    ~EngineWatch();

    // Looks at all Engines that answer, at the same time; nullopt before each has answered once.
    // Not to be called by several threads.
    std::optional<Snapshot> look();

  private:
    struct EngineState {
        std::size_t site = 0;
        std::optional<Picture> picture;  // the last one
        std::mutex mutex;
        bool answers = false;
        unsigned failures = 0;  // in a row
        std::string trouble;    // why it does not answer; said when it changes
        std::stop_source following;
    };

    void follow(EngineState& watched, const std::stop_token& stop);
    void look_at(EngineState& watched);
    void say_trouble(EngineState& watched, const std::string& reason);

    const Fleet& fleet_;
    const OnEvent told_;
    const OnReturn changed_;
    std::list<EngineState> watched_;
    std::list<std::jthread> followers_;
};

// From 0.1 s, twice as long each time, up to 5 s.
std::chrono::steady_clock::duration retry_after(unsigned failures);

}  // namespace amba::fleet
