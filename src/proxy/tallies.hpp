// What is counted of a frontend's connections beside its current state: how they ended, how long
// they took, how many come in a second. For status and metrics; nothing decides by it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "amba/balance/rate.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/outcome.hpp"
#include "amba/proxy/view.hpp"

namespace amba::proxy {

// Counts of times by buckets, as Prometheus has histograms. `bounds` are seconds and outlive it.
class Histogram {
  public:
    explicit Histogram(std::span<const double> bounds) :
        bounds_(bounds), counts_(bounds.size() + 1) {}
    void add(core::Clock::duration time);
    HistogramView view() const { return {{bounds_.begin(), bounds_.end()}, counts_, sum_}; }

  private:
    std::span<const double> bounds_;
    std::vector<std::uint64_t> counts_;  // the last: above all bounds
    double sum_ = 0;                     // seconds
};

class Tallies {
  public:
    void connect_took(core::Clock::duration time) { times().connect.add(time); }
    // A connection is over, after that time.
    void ended(core::Outcome outcome, core::Clock::duration time);
    // Adds to what the view has.
    void show(FrontendView& view, core::Time now) const;
    // The counters of another process, which this frontend goes on from; null: there are none.
    void go_on_from(std::shared_ptr<const FrontendView> before) { before_ = std::move(before); }

    balance::Rate rate;
    std::uint64_t retries = 0;
    std::uint64_t hedges = 0;
    std::uint64_t bytes_up = 0;  // of ended connections
    std::uint64_t bytes_down = 0;

  private:
    struct Times {
        Times();
        Histogram connect;
        Histogram session;
    };
    struct Ended {
        core::Outcome outcome;
        std::uint64_t count;
    };
    Times& times();

    std::shared_ptr<const FrontendView> before_;
    std::unique_ptr<Times> times_;  // with the first connection
    std::vector<Ended> ended_;
};

}  // namespace amba::proxy
