// What each event makes of the health of one backend.
#include "amba/balance/backend_health.hpp"

#include <algorithm>
#include <utility>

#include "amba/core/count_of.hpp"

namespace amba::balance {

using namespace std::chrono_literals;

namespace {

// The length of an ejection: the first, twice as long each time, up to the longest.
constexpr core::Duration kFirst = 1s;
constexpr core::Duration kLast = 60s;
constexpr std::uint8_t kDoublings = 6;

// The least time between two steps of a slow start, however short that is.
constexpr core::Duration kLeastStep = 10ms;

// With jitter: 0.8 to 1.2 of the length.
core::Duration length_of(std::uint8_t ejections, std::uint64_t draw) {
    const core::Duration whole = std::min(kFirst * (1 << std::min(ejections, kDoublings)), kLast);
    return whole * (80 + static_cast<std::int64_t>(draw % 41)) / 100;
}

}  // namespace

// ---- what is known ----

BackendHealth::BackendHealth(const HealthRecord& known, core::Time now) :
    state_(known.state), down_(known.down), ejections_(std::min(known.ejections, kDoublings)),
    failures_(known.failures), resets_(known.resets), downs_(known.downs) {
    ejected_ = known.returns != core::Time::max() && ejections_ > 0;
    turn(known.since, known.why);
    if (ejected_) detail().returns = std::min(known.returns, now + kLast * 2);
    if (known.ramp_length <= 0ms) return;
    start_slowly(known.ramp_began, known.ramp_length);
    step_up(std::max(now, known.ramp_began));
    drop_detail();
}

HealthRecord BackendHealth::record() const {
    HealthRecord out{state_, down_,  failures_,          resets_,
                     downs_, since_, std::string(why()), ejections_};
    if (ejected_) out.returns = detail_->returns;
    if (ramp_ == kRampSteps) return out;
    out.ramp_began = detail_->ramp_began;
    out.ramp_length = detail_->ramp_length;
    return out;
}

std::string_view BackendHealth::why() const {
    return detail_ ? std::string_view(detail_->why) : std::string_view();
}

core::Time BackendHealth::due() const {
    return detail_ ? std::min(detail_->returns, detail_->ramp_steps) : core::Time::max();
}

BackendHealth::Detail& BackendHealth::detail() {
    if (!detail_) detail_ = std::make_unique<Detail>();
    return *detail_;
}

void BackendHealth::drop_detail() {
    if (detail_ && detail_->why.empty() && due() == core::Time::max()) detail_.reset();
}

void BackendHealth::turn(core::Time now, std::string_view why) {
    since_ = now;
    if (detail_ || !why.empty()) detail().why = why;
    drop_detail();
}

// ---- what connections say ----

HealthChange BackendHealth::connected(core::Time now) {
    HealthChange change;
    if (failures_ > 0) {
        failures_ = 0;
        succeeded(now, change);
        change.news = true;
    }
    if (state_ == State::kHealthy || down_) return change;
    change.answers = state_ == State::kUnhealthy;
    state_ = State::kHealthy;
    turn(now, "");
    return change;
}

HealthChange BackendHealth::connect_failed(core::Time now, Fault fault, std::string_view why,
                                           EjectionTerms terms) {
    HealthChange change;
    if (fault != Fault::kBackend) return change;
    ++failures_;
    if (state_ != State::kUnhealthy) {
        state_ = State::kUnhealthy;
        ++downs_;
        turn(now, "cannot be connected to: " + std::string(why));
        change.fails = true;
    }
    failed(now, failures_, why, terms, change);
    return change;
}

HealthChange BackendHealth::outrun(core::Time now, EjectionTerms terms) {
    HealthChange change;
    change.slow = ++failures_ == 1;
    failed(now, failures_, "no answer while another backend answers", terms, change);
    return change;
}

HealthChange BackendHealth::reset_at_once(core::Time now, EjectionTerms terms) {
    HealthChange change;
    failed(now, ++resets_, "it resets connections at once", terms, change);
    return change;
}

// A backend that resets connections at once has established them before, so that a connect proves
// nothing: an answer does.
HealthChange BackendHealth::served(core::Time now) {
    HealthChange change;
    if (resets_ == 0) return change;
    resets_ = 0;
    succeeded(now, change);
    return change;
}

// ---- ejection ----

void BackendHealth::failed(core::Time now, std::uint32_t run, std::string_view why,
                           EjectionTerms terms, HealthChange& change) {
    if (terms.limit == 0 || !usable()) return;
    // A backend on trial is ejected again by its first failure.
    if (!on_trial() && run < terms.limit) return;
    const core::Duration length = length_of(ejections_, terms.draw);
    ejections_ = std::min<std::uint8_t>(ejections_ + 1, kDoublings);
    ejected_ = true;
    ++downs_;
    detail().returns = now + length;
    turn(now, "left out for " + core::to_string(length) + " after " +
                  core::count_of(run, "failure") + " in a row: " + std::string(why));
    change.ejected = change.share = true;
}

// Even an ejected backend is tried when none is usable: one that then succeeds is ejected no
// longer.
void BackendHealth::succeeded(core::Time now, HealthChange& change) {
    end_ejection(now, change);
    ejections_ = 0;
}

void BackendHealth::end_ejection(core::Time now, HealthChange& change) {
    if (!ejected_) return;
    ejected_ = false;
    detail().returns = core::Time::max();
    turn(now, state_ == State::kUnhealthy ? "on trial: its last connects failed" : "");
    change.returned = change.share = true;
}

HealthChange BackendHealth::end_ejection(core::Time now) {
    HealthChange change;
    end_ejection(now, change);
    return change;
}

HealthChange BackendHealth::removed(core::Time now) {
    HealthChange change;
    succeeded(now, change);
    return change;
}

// ---- what checks say ----

HealthChange BackendHealth::checked(core::Time now, bool healthy, std::string_view why,
                                    core::Duration slowstart) {
    HealthChange change;
    const State state = healthy ? State::kHealthy : State::kUnhealthy;
    if (state != state_) {
        state_ = state;
        downs_ += !healthy;
        turn(now, healthy ? std::string_view() : why);
    }
    if (down_ == !healthy) return change;
    down_ = !healthy;
    change.share = true;
    if (!healthy) {
        change.down = true;
        return change;
    }
    change.up = change.news = true;
    failures_ = resets_ = 0;
    succeeded(now, change);
    if (slowstart > 0ms) start_slowly(now, slowstart);
    return change;
}

HealthChange BackendHealth::unchecked() {
    HealthChange change;
    change.share = std::exchange(down_, false);
    return change;
}

// ---- slow start ----

HealthChange BackendHealth::start_slowly(core::Time now, core::Duration length) {
    HealthChange change;
    ramp_ = 1;
    Detail& of = detail();
    of.ramp_began = now;
    of.ramp_length = length;
    of.ramp_steps = now + std::max(length / kRampSteps, kLeastStep);
    change.share = true;
    return change;
}

void BackendHealth::step_up(core::Time now) {
    Detail& of = *detail_;
    const auto steps = 1 + (now - of.ramp_began) * (kRampSteps - 1) / of.ramp_length;
    ramp_ = static_cast<std::uint8_t>(
        std::min<std::int64_t>(static_cast<std::int64_t>(steps), kRampSteps));
    of.ramp_steps = ramp_ == kRampSteps ? core::Time::max()
                                        : now + std::max(of.ramp_length / kRampSteps, kLeastStep);
}

HealthChange BackendHealth::time_passed(core::Time now) {
    HealthChange change;
    if (detail_ && detail_->ramp_steps <= now) {
        step_up(now);
        change.share = true;
    }
    if (detail_ && detail_->returns <= now) end_ejection(now, change);
    drop_detail();
    return change;
}

}  // namespace amba::balance
