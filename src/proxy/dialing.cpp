// Whom a connection dials, and when it gives up. How it waits is in dialing_wait.cpp.
#include "proxy/dialing.hpp"

#include <algorithm>
#include <utility>

namespace amba::proxy {

using balance::Backend;
using balance::BackendPtr;
using core::EndedBy;
using core::Stage;
using Act = DialAction::Kind;

DialAction DialAction::give_up(EndedBy by) {
    return {.kind = Act::kGiveUp,
            .by = by,
            .stage = by == EndedBy::kProxy ? Stage::kQueue : Stage::kConnect};
}

Dialing::Dialing(const Settings& settings, Candidates& candidates, core::Time accepted) :
    settings_(settings), candidates_(candidates), clocks_(settings, accepted) {}

DialAction Dialing::next(const DialEvent& event, core::Time now) {
    switch (event.kind) {
        case DialEvent::Kind::kStart: return start(event.backend, now);
        case DialEvent::Kind::kUnderWay: return under_way(now);
        case DialEvent::Kind::kNotDialed: return not_dialed(event, now);
        case DialEvent::Kind::kHedged:
            tried_.add(*std::exchange(dialed_, BackendPtr()));
            has_slow_ = true;
            hedges_ = false;
            return dial_next(now);
        // This backend has half of the time that is left.
        case DialEvent::Kind::kNotHedged:
            return {.kind = Act::kUntil, .until = now + (clocks_.ends() - now) / 2};
        case DialEvent::Kind::kFailed: return failed(event, now);
        case DialEvent::Kind::kSlowFailed:
            has_slow_ = false;
            why_ = event.why;
            was_reset_ |= event.was_reset;
            return go_on(now);
        case DialEvent::Kind::kLeft:
            tried_.add(*std::exchange(dialed_, BackendPtr()));
            return dial_next(now);
        case DialEvent::Kind::kSlowLeft: has_slow_ = false; return go_on(now);
        case DialEvent::Kind::kDeadline: return waits() ? wait_is_over(now) : overdue(now);
        case DialEvent::Kind::kTurn: return turn(now);
        case DialEvent::Kind::kPoolChanged:
            if (!waits() && has_slow_ && dialed_ == nullptr) return dial_next(now);
            return pool_changed();
    }
    return {};
}

// A connection that was established, and lost before a byte, begins anew.
DialAction Dialing::start(Backend* lost, core::Time now) {
    if (lost != nullptr) {
        tried_.add(*lost);
        was_reset_ = true;
        why_ = EndedBy::kServer;
        // It was connected: what was dialed is none of its business any more.
        dialed_ = nullptr;
        has_slow_ = hedges_ = false;
    }
    clocks_.start(now, lost != nullptr);
    return dial_next(now);
}

// ---- whom to dial ----

// At most `retries` further tries in a row.
bool Dialing::may_try() const {
    return tried_.list().size() <= static_cast<std::size_t>(settings_.retries);
}

DialAction Dialing::dial_next(core::Time now) {
    // Those that came before have their turn first.
    if (!has_tried() && !has_slow_ && candidates_.queue_is_due()) return wait(Wait::kRoom, now);
    const balance::Choice choice =
        now < clocks_.ends() ? candidates_.pick(tried_.list()) : balance::Choice();
    if (choice.backend == nullptr || !may_try()) return none_to_dial(choice, now);
    return dial(*choice.backend, now);
}

// A backend that does not answer must leave time for those that are still to be tried.
DialAction Dialing::dial(Backend& backend, core::Time now) {
    const auto retries = static_cast<std::size_t>(settings_.retries);
    const std::size_t tries = tried_.list().size();
    const std::size_t candidates = std::max(candidates_.weighted(), tries + 1);
    const std::size_t most = std::max(std::min(retries + 1, candidates), tries + 1);
    until_ = now + (clocks_.ends() - now) / static_cast<int>(most - tries);
    hedges_ = may_hedge();
    if (hedges_) until_ = std::min<core::Time>(until_, now + candidates_.hedge_after());
    dialed_ = &backend;
    return {.kind = Act::kDial, .backend = &backend, .until = until_};
}

DialAction Dialing::under_way(core::Time now) {
    raced_ |= has_slow_;
    if (has_tried() || clocks_.has_paused()) dialed_at_ = now;
    return {.kind = Act::kUntil, .until = until_};
}

DialAction Dialing::not_dialed(const DialEvent& event, core::Time now) {
    const BackendPtr backend = std::exchange(dialed_, BackendPtr());
    hedges_ = false;
    why_ = event.why;
    if (!event.is_for_all) {
        tried_.add(*backend);
        return dial_next(now);
    }
    if (has_slow_) return {.kind = Act::kUntil, .until = clocks_.ends()};
    return wait(Wait::kPause, now);
}

DialAction Dialing::failed(const DialEvent& event, core::Time now) {
    tried_.add(*std::exchange(dialed_, BackendPtr()));
    why_ = event.why;
    was_reset_ |= event.was_reset;
    return dial_next(now);
}

// A connect that is under way may still succeed.
DialAction Dialing::go_on(core::Time now) {
    return dialed_ != nullptr ? DialAction() : dial_next(now);
}

// No backend is left to try now, or `retries` are used up.
DialAction Dialing::none_to_dial(balance::Choice choice, core::Time now) {
    if (has_slow_) return {.kind = Act::kUntil, .until = clocks_.ends()};
    const bool may = may_try();
    if (choice.full && may) return wait(Wait::kRoom, now);
    if (candidates_.weighted() == 0) {
        return holds(settings_) ? wait(Wait::kBackend, now) : DialAction::give_up(EndedBy::kProxy);
    }
    if (holds(settings_)) return wait(Wait::kPause, now);
    const bool used_up =
        settings_.retries == 0 || (!may && (choice.backend != nullptr || choice.full));
    // A server that took the connection and reset it has answered.
    if (used_up || was_reset_ || now >= clocks_.ends()) return DialAction::give_up(why_);
    return wait(Wait::kPause, now);
}

// ---- two at once ----

bool Dialing::may_hedge() const {
    const auto retries = static_cast<std::size_t>(settings_.retries);
    return settings_.hedge && !has_slow_ && tried_.list().size() < retries;
}

DialAction Dialing::overdue(core::Time now) {
    const bool slow = std::exchange(hedges_, false);
    return {.kind = slow && now < clocks_.ends() ? Act::kHedge : Act::kExpire};
}

// A connect whose backend has left is raced by one to a backend that is new.
DialAction Dialing::pool_changed() const {
    const bool left = !waits() && dialed_ != nullptr && !candidates_.has(*dialed_);
    return {.kind = left && may_hedge() ? Act::kHedge : Act::kNothing};
}

bool Dialing::had_fair_time(core::Time now) const {
    const core::Duration fair = std::min(candidates_.hedge_after(), settings_.timeouts.connect / 4);
    return now - dialed_at_ >= fair;
}

}  // namespace amba::proxy
