// How a connection waits: for room, for a backend, or for the moment after which all that were
// tried in vain are tried anew.
#include <algorithm>
#include <utility>

#include "proxy/dialing.hpp"

namespace amba::proxy {

using core::EndedBy;
using core::Stage;
using namespace std::chrono_literals;
using Act = DialAction::Kind;

namespace {

constexpr core::Duration kFirstPause = 100ms;
constexpr core::Duration kLongestPause = 1s;

}  // namespace

DialAction Dialing::wait(Wait what, core::Time now) {
    wait_ = what;
    waits_since_ = now;
    on_queue_time_ = what != Wait::kPause || holds();
    // What it dialed on the time of the queue was not on that of timeouts.connect.
    const bool ran_on = std::exchange(queue_runs_on_, false);
    if (ran_on) queue_left_ -= now - queue_runs_since_;
    if (on_queue_time_) {
        connect_left_ =
            ran_on ? core::Clock::duration(0) : std::max(ends_ - now, core::Clock::duration(0));
        ends_ = now + queue_left_;
    }
    waits_ = true;
    // Those tried in vain may be well again before there is room at the others.
    const bool pause = what == Wait::kPause || (has_tried() && !was_reset_);
    return {.kind = Act::kWait,
            .until = pause ? std::min<core::Time>(ends_, now + next_pause()) : ends_,
            .first_wait = !std::exchange(has_waited_, true)};
}

// Many ambassadors lose a server at the same moment: with jitter.
core::Duration Dialing::next_pause() {
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    const auto part = static_cast<std::int64_t>(candidates_.draw() % 21);  // 0.8 to 1 of it
    return pause_ * (80 + part) / 100;
}

void Dialing::end_wait(core::Time now) {
    waits_ = false;
    if (!on_queue_time_) return;
    const auto waited = now - waits_since_;
    waited_ += waited;
    dials_since_ += waited;
    queue_left_ -= waited;
    ends_ = now + connect_left_;
    if (connect_left_.count() > 0 || !holds()) return;
    // timeouts.connect is used up and timeouts.queue is not: the next tries are on its time.
    queue_runs_on_ = true;
    queue_runs_since_ = now;
    ends_ = now + std::min<core::Clock::duration>(settings_.timeouts.connect, queue_left_);
}

// Of who waits, when nobody takes it: is that still what it waits for? A swap may have taken all
// backends away, lowered `retries`, or ended `empty=hold`.
bool Dialing::waits_on(balance::Choice choice) const {
    const bool none = candidates_.weighted() == 0;
    switch (wait_) {
        case Wait::kRoom: return choice.full;
        case Wait::kBackend: return none && holds();
        case Wait::kPause: return !choice.full && (!none || holds());
    }
    return false;
}

// A pause is over with the first that is new.
DialAction Dialing::turn(core::Time now) {
    const bool may = may_try() || wait_ == Wait::kPause;
    const balance::Choice choice = may ? candidates_.pick(tried_.list()) : balance::Choice();
    if (choice.backend == nullptr && waits_on(choice)) return {};
    end_wait(now);
    return choice.backend != nullptr ? dial(*choice.backend, now) : none_to_dial(choice, now);
}

// The end of the pause, or of all waiting.
DialAction Dialing::wait_is_over(core::Time now) {
    if (now < ends_) {
        end_wait(now);
        tried_.clear();
        was_reset_ = false;
        return dial_next(now);
    }
    if (!on_queue_time_) return give_up(why_);
    return {.kind = Act::kGiveUp,
            .by = EndedBy::kServerTimeout,
            .stage = Stage::kQueue,
            .waited_out = true};
}

Stage Dialing::stage() const {
    return waits_ && on_queue_time_ ? Stage::kQueue : Stage::kConnect;
}

core::Clock::duration Dialing::waited_for(core::Time now) const {
    return waits_ && on_queue_time_ ? waited_ + (now - waits_since_) : waited_;
}

}  // namespace amba::proxy
