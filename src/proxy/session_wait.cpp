// How a connection waits in the queue of its frontend: for room, for a backend, or for the moment
// after which all that were tried in vain are tried anew.
//
// HAProxy waits for a second before it tries a server again (its manual, "retries": the turn-around
// state), so that one that restarts is not missed. Here the first pause is short and later ones are
// longer, up to that second; news of a backend (a check that succeeds, a connect of another
// connection, a name or a table that changes) end it at once.
#include <algorithm>
#include <utility>

#include "proxy/frontend.hpp"
#include "proxy/session.hpp"

namespace amba::proxy {

using core::EndedBy;
using core::Stage;
using namespace std::chrono_literals;

namespace {

constexpr core::Duration kFirstPause = 100ms;
constexpr core::Duration kLongestPause = 1s;

}  // namespace

Session::Extra& Session::extra() {
    if (!extra_) {
        extra_ = std::make_unique<Extra>();
        extra_->dials_since = accepted();
        extra_->queue_left = frontend_.settings().queue_timeout;
    }
    return *extra_;
}

void Session::wait(Wait what) {
    const core::Time now = shared_.poller.now();
    Extra& x = extra();
    x.wait = what;
    x.waits_since = now;
    x.on_queue_time = what != Wait::kPause || frontend_.settings().hold;
    if (std::exchange(x.queue_runs_on, false)) x.queue_left -= now - x.queue_runs_since;
    if (x.on_queue_time) {
        x.connect_left = std::max(moment_ - now, core::Clock::duration(0));
        moment_ = now + x.queue_left;
    }
    queued_ = true;
    frontend_.queue().enter(*this, !std::exchange(x.waited, true));
    // Those tried in vain may be well again before there is room at the others.
    const bool pause = what == Wait::kPause || (has_tried() && !x.was_reset);
    shared_.deadlines.set(*this, pause ? std::min(moment_, now + next_pause()) : moment_);
}

// Many ambassadors lose a server at the same moment: with jitter.
core::Duration Session::next_pause() {
    core::Duration& pause = extra_->pause;
    pause = std::clamp(2 * pause, kFirstPause, kLongestPause);
    const auto part = static_cast<std::int64_t>(shared_.draw() % 21);  // 0.8 to 1 of it
    return pause * (80 + part) / 100;
}

void Session::end_wait() {
    const core::Time now = shared_.poller.now();
    Extra& x = *extra_;
    clear();
    queued_ = false;
    frontend_.queue().leave(*this);
    frontend_.connections().dials(*this);
    if (!x.on_queue_time) return;
    const auto waited = now - x.waits_since;
    if (x.line) x.line->queued += waited;
    x.dials_since += waited;
    x.queue_left -= waited;
    moment_ = now + x.connect_left;
    if (x.connect_left.count() > 0 || !frontend_.settings().hold) return;
    // timeouts.connect is used up and timeouts.queue is not: the next tries are on its time.
    x.queue_runs_on = true;
    x.queue_runs_since = now;
    moment_ =
        now + std::min<core::Clock::duration>(frontend_.settings().connect_timeout, x.queue_left);
}

// Of who waits, when nobody takes it: is that still what it waits for? A swap may have taken all
// backends away, lowered `retries`, or ended `empty=hold`.
bool Session::waits_on(balance::Choice choice) const {
    const bool none = frontend_.backends().pool().weighted() == 0;
    switch (extra_->wait) {
        case Wait::kRoom: return choice.full;
        case Wait::kBackend: return none && frontend_.settings().hold;
        case Wait::kPause: return !choice.full && (!none || frontend_.settings().hold);
    }
    return false;
}

bool Session::leave_queue() {
    // A pause is over with the first that is new.
    const bool may = may_try() || extra_->wait == Wait::kPause;
    const balance::Choice choice = may ? pick() : balance::Choice();
    if (choice.backend == nullptr) {
        if (waits_on(choice)) return false;
        end_wait();
        none_to_dial(choice);
        return true;
    }
    end_wait();
    switch (dial_chosen(*choice.backend)) {
        case Dialed::kUnderWay: break;
        case Dialed::kFailed: dial_next(); break;
        case Dialed::kShort: wait(Wait::kPause); break;
    }
    return true;
}

// Its deadline: the end of the pause, or of all waiting.
void Session::wait_is_over() {
    if (shared_.poller.now() < moment_) {
        end_wait();
        extra_->tried.clear();
        extra_->was_reset = false;
        return dial_next();
    }
    if (!extra_->on_queue_time) return give_up(extra_->why);
    frontend_.timed_out();
    finish({EndedBy::kServerTimeout, Stage::kQueue}, End::kReset);
}

void Session::forgive(const balance::Backend& backend) {
    if (extra_) extra_->tried.remove(backend);
}

}  // namespace amba::proxy
