// How a connection waits: for room, for a backend, or for the moment after which all that were
// tried in vain are tried anew.
#include <algorithm>
#include <utility>

#include "proxy/dialing.hpp"

namespace amba::proxy {

using core::EndedBy;
using core::Stage;
using Act = DialAction::Kind;

DialAction Dialing::wait(Wait what, core::Time now) {
    wait_ = what;
    clocks_.wait(now, what != Wait::kPause || holds(settings_));
    // Those tried in vain may be well again before there is room at the others.
    const bool pause = what == Wait::kPause || (has_tried() && !was_reset_);
    return {.kind = Act::kWait,
            .until = pause ? std::min(clocks_.ends(), clocks_.pause(now, candidates_.draw()))
                           : clocks_.ends(),
            .first_wait = !std::exchange(has_waited_, true)};
}

// Asked when no backend takes a connection that waits: does it still wait for the same? A swap may
// have taken all backends away, lowered `retries`, or ended `empty=hold`.
bool Dialing::waits_on(balance::Choice choice) const {
    const bool none = candidates_.weighted() == 0;
    switch (wait_) {
        case Wait::kRoom: return choice.full;
        case Wait::kBackend: return none && holds(settings_);
        case Wait::kPause: return !choice.full && (!none || holds(settings_));
    }
    return false;
}

// A pause is over with the first that is new.
DialAction Dialing::turn(core::Time now) {
    const bool may = may_try() || wait_ == Wait::kPause;
    const balance::Choice choice = may ? candidates_.pick(tried_.list()) : balance::Choice();
    if (choice.backend == nullptr && waits_on(choice)) return {};
    clocks_.end_wait(now);
    return choice.backend != nullptr ? dial(*choice.backend, now) : none_to_dial(choice, now);
}

// The end of the pause, or of all waiting.
DialAction Dialing::wait_is_over(core::Time now) {
    if (now < clocks_.ends()) {
        clocks_.end_wait(now);
        tried_.clear();
        was_reset_ = false;
        return dial_next(now);
    }
    if (!clocks_.waits_on_queue_time()) return DialAction::give_up(why_);
    return {.kind = Act::kGiveUp,
            .by = EndedBy::kServerTimeout,
            .stage = Stage::kQueue,
            .waited_out = true};
}

}  // namespace amba::proxy
