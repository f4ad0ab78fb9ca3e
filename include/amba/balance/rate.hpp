// Events a second: a count of this second and of the last whole one, as HAProxy's freq_ctr.
//
// It costs nothing while nothing happens: it is brought up to date when an event is counted and
// when it is read.
#pragma once

#include <chrono>
#include <cstdint>

#include "amba/core/duration.hpp"

namespace amba::balance {

class Rate {
  public:
    void add(core::Time now) {
        const std::int32_t second = second_of(now);
        if (second != second_) {
            last_ = second == second_ + 1 ? current_ : 0;
            current_ = 0;
            second_ = second;
        }
        ++current_;
    }
    // Events of the last whole second.
    std::uint32_t per_second(core::Time now) const {
        const std::int32_t second = second_of(now);
        if (second == second_) return last_;
        return second == second_ + 1 ? current_ : 0;
    }

  private:
    static std::int32_t second_of(core::Time time) {
        return static_cast<std::int32_t>(
            std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
    }
    std::int32_t second_ = 0;
    std::uint32_t current_ = 0;
    std::uint32_t last_ = 0;
};

}  // namespace amba::balance
