// A loop with its poller and its deadlines that a test turns by hand, in its own thread: nothing
// happens but while it is turned, so that the test decides what has arrived when somebody looks, as
// for a process that was stopped, or busy with others.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>

#include "amba/net/deadlines.hpp"
#include "amba/net/poller.hpp"

namespace amba::test {

struct TurnedLoop {
    static constexpr std::chrono::seconds kLongestWait{60};

    void turn() { poller.run(core::Clock::now() + std::chrono::milliseconds(3)); }
    // Handles what is ready now, and nothing that becomes ready by that.
    void turn_once() { poller.run(core::Clock::now()); }
    bool turn_until(const std::function<bool()>& condition) {
        const auto limit = core::Clock::now() + kLongestWait;
        while (!condition()) {
            if (core::Clock::now() > limit) return false;
            turn();
        }
        return true;
    }

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    net::Deadlines deadlines{loop};
    net::Poller poller{loop};
};

}  // namespace amba::test
