// How long something may take, and who may end it before.
#pragma once

#include <stop_token>
#include <utility>

#include "amba/core/duration.hpp"

namespace amba::docker {

struct CallLimits {
    explicit CallLimits(core::Duration time_in, std::stop_token stop_in = {}) :
        time(time_in), until(core::Clock::now() + time_in), stop(std::move(stop_in)) {}

    core::Duration time;  // as it is told in an error
    core::Time until;
    std::stop_token stop;
};

}  // namespace amba::docker
