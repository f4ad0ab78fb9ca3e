// Waiting in tests: for a condition, up to a deadline, never for a fixed time.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace amba::test {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Long enough for a machine that is slow and busy, and a build with sanitizers. What is well takes
// milliseconds, and returns then: only a failure takes this long.
inline constexpr Milliseconds kPatience{60'000};
// For what must happen at once: the test has set the time that it must not take to a minute or
// more.
inline constexpr Milliseconds kAtOnce{30'000};

// True as soon as `condition` holds; false when it did not within `at_most`.
bool eventually(const std::function<bool()>& condition, Milliseconds at_most = kPatience);

// True when `condition` holds all the time `during`: for what must not happen.
bool throughout(Milliseconds during, const std::function<bool()>& condition);

Milliseconds since(Clock::time_point start);

// AMBA_FULL=1 asks for the long counts: hours of patience, hundreds of restarts.
bool full();

// A seed for this run, from AMBA_SEED or fresh, printed so that a failure can be had again.
std::uint64_t seed();

}  // namespace amba::test
