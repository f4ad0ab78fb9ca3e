// What a row of check results makes of a backend, and when it is to be checked again.
//
// One failure may be chance: it takes `fall` of them in a row to call a backend unhealthy, and
// `rise` successes to take it back. A backend of which nothing is known yet is healthy with its
// first success; it takes connections before that.
//
// Pure: no clock, no randomness of its own.
#pragma once

#include <cstdint>

#include "amba/balance/pool.hpp"
#include "amba/core/check.hpp"

namespace amba::balance {

class Hysteresis {
  public:
    explicit Hysteresis(State start = State::kUnknown) : state_(start) {}

    // Takes the next result; true when the state is another one now.
    bool take(bool success, const core::Check& check);

    State state() const { return state_; }
    bool last_success() const { return success_; }
    // Results in a row that were like the last one, at most 255; 0 before the first.
    int in_a_row() const { return in_a_row_; }
    // The last results speak against the state, and are not enough to change it.
    bool changing() const;

    // Until the next check: fastinter while the state is changing, downinter when it is unhealthy,
    // otherwise inter, or ten times that when nobody uses the backend.
    core::Duration interval(const core::Check& check, bool in_use) const;
    static constexpr int kUnused = 10;

  private:
    State state_;
    bool success_ = false;
    std::uint8_t in_a_row_ = 0;
};

// The duration and up to a tenth more or less, as `draw` (any number) says: checks that began
// together do not stay together.
core::Duration jittered(core::Duration duration, std::uint64_t draw);

// A part of the duration: checks of many backends that are new together are spread over it.
core::Duration part_of(core::Duration duration, std::uint64_t draw);

}  // namespace amba::balance
