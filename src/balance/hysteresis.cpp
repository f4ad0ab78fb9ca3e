// Rows of results against `fall` and `rise`.
#include "amba/balance/hysteresis.hpp"

#include <algorithm>
#include <limits>

namespace amba::balance {

bool Hysteresis::take(bool success, const core::Check& check) {
    if (success != success_) in_a_row_ = 0;
    success_ = success;
    in_a_row_ = std::min<std::uint8_t>(in_a_row_, std::numeric_limits<std::uint8_t>::max() - 1) + 1;
    const State said = success ? State::kHealthy : State::kUnhealthy;
    const int wanted = !success ? check.fall : state_ == State::kUnknown ? 1 : check.rise;
    if (said == state_ || in_a_row_ < wanted) return false;
    state_ = said;
    return true;
}

bool Hysteresis::changing() const {
    if (in_a_row_ == 0) return false;
    return success_ ? state_ == State::kUnhealthy : state_ != State::kUnhealthy;
}

core::Duration Hysteresis::interval(const core::Check& check, bool in_use) const {
    if (changing()) return check.fast();
    if (state_ == State::kUnhealthy) return check.down();
    return state_ == State::kHealthy && !in_use ? check.inter * kUnused : check.inter;
}

core::Duration jittered(core::Duration duration, std::uint64_t draw) {
    const core::Duration tenth = duration / 10;
    return duration - tenth + part_of(2 * tenth, draw);
}

core::Duration part_of(core::Duration duration, std::uint64_t draw) {
    return core::Duration(
        static_cast<std::int64_t>(draw % (static_cast<std::uint64_t>(duration.count()) + 1)));
}

}  // namespace amba::balance
