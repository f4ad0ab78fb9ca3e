// Bounds of the histograms, and what is shown of them.
#include "proxy/tallies.hpp"

#include <algorithm>

namespace amba::proxy {

namespace {

// Seconds. A connect takes some hundred microseconds in one room, and some seconds when SYNs are
// lost; a session anything from one request to a pool's connection of days.
constexpr std::array kConnectBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                    0.05,   0.1,     0.25,   0.5,   1.0,    2.5,   5.0};
constexpr std::array kSessionBounds{0.001, 0.005, 0.01, 0.05, 0.1,   0.5,    1.0,
                                    5.0,   10.0,  60.0, 300., 1800., 3600.0, 21600.0};

}  // namespace

void Histogram::add(core::Clock::duration time) {
    const double seconds = std::max(0.0, std::chrono::duration<double>(time).count());
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), seconds);
    ++counts_[static_cast<std::size_t>(bucket - bounds_.begin())];
    sum_ += seconds;
}

Tallies::Times::Times() : connect(kConnectBounds), session(kSessionBounds) {}

Tallies::Times& Tallies::times() {
    if (!times_) times_ = std::make_unique<Times>();
    return *times_;
}

void Tallies::ended(core::Outcome outcome, core::Clock::duration time) {
    times().session.add(time);
    for (Ended& known : ended_) {
        if (known.outcome == outcome) {
            ++known.count;
            return;
        }
    }
    ended_.push_back({outcome, 1});
}

void Tallies::show(FrontendView& view, core::Time now) const {
    view.connections_rate = rate.per_second(now);
    view.retries_total = retries;
    view.hedges_total = hedges;
    view.bytes_up = bytes_up;
    view.bytes_down = bytes_down;
    for (const Ended& known : ended_)
        view.ended.push_back({known.outcome.letters(), known.count});
    static const Times none;
    const Times& shown = times_ ? *times_ : none;
    view.connect = shown.connect.view();
    view.session = shown.session.view();
}

}  // namespace amba::proxy
