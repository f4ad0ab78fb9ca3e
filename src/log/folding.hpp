// Decides which lines are written and which are folded into one, when many of a kind come at once:
// the first kCrowd of an event and frontend within kCrowdTime are written.
//
// Pure: time is an argument.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/log/log.hpp"

namespace amba::log {

class Folding {
  public:
    struct Folded {
        Level level;
        std::string event;
        std::string frontend;
        std::uint64_t count;
    };

    // False: it is counted, and not to be written. Levels below info never are.
    bool admit(Level level, std::string_view event, std::string_view frontend, core::Time now);
    // What was folded in crowds whose time is over.
    std::vector<Folded> due(core::Time now);
    bool folds() const { return folds_ > 0; }

  private:
    struct Crowd {
        core::Time until;
        int written = 0;
        Folded folded;
    };
    // More kinds at once are not looked after: they are written.
    static constexpr std::size_t kMostCrowds = 64;
    std::vector<Crowd> crowds_;
    std::size_t folds_ = 0;  // crowds in which something was folded
};

}  // namespace amba::log
