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

namespace {

void add(std::vector<EndedView>& all, const EndedView& more) {
    const auto same = std::find_if(
        all.begin(), all.end(), [&](const EndedView& one) { return one.letters == more.letters; });
    if (same == all.end())
        all.push_back(more);
    else
        same->count += more.count;
}

// Of other bounds, those of another version, none of it can be added.
void add(HistogramView& all, const HistogramView& more) {
    if (all.bounds != more.bounds || all.counts.size() != more.counts.size()) return;
    for (std::size_t i = 0; i < all.counts.size(); ++i)
        all.counts[i] += more.counts[i];
    all.sum += more.sum;
}

void add(FrontendView& all, const FrontendView& more) {
    all.connections_total += more.connections_total;
    all.connections_failed += more.connections_failed;
    all.retries_total = all.retries_total.value_or(0) + more.retries_total.value_or(0);
    all.hedges_total += more.hedges_total;
    all.bytes_up += more.bytes_up;
    all.bytes_down += more.bytes_down;
    all.queue_total += more.queue_total;
    all.queue_timeouts += more.queue_timeouts;
    for (const EndedView& one : more.ended)
        add(all.ended, one);
    add(all.connect, more.connect);
    add(all.session, more.session);
}

}  // namespace

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
    if (before_) add(view, *before_);
}

}  // namespace amba::proxy
