#include "proxy/ramps.hpp"

#include <algorithm>

#include "proxy/frontend.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::kRampSteps;

void Ramps::start(Backend& backend, core::Duration slowstart) {
    if (slowstart.count() == 0) return;
    std::erase_if(ramps_, [&](const Ramp& ramp) { return ramp.backend == &backend; });
    backend.ramp = 1;
    ramps_.push_back({&backend, shared_.poller.now(), slowstart});
    frontend_.note(backend);
    wait();
}

void Ramps::wait() {
    core::Duration step = core::Duration::max();
    for (const Ramp& ramp : ramps_)
        step = std::min(step, ramp.length / kRampSteps);
    if (ramps_.empty()) return;
    shared_.deadlines.set(*this, core::Clock::now() + std::max(step, core::Duration(10)));
}

void Ramps::on_deadline() {
    const core::Time now = core::Clock::now();
    for (const Ramp& ramp : ramps_) {
        const auto steps = 1 + (now - ramp.began) * (kRampSteps - 1) / ramp.length;
        ramp.backend->ramp = static_cast<std::uint8_t>(
            std::min<std::int64_t>(static_cast<std::int64_t>(steps), kRampSteps));
        frontend_.note(*ramp.backend);
    }
    std::erase_if(ramps_, [](const Ramp& ramp) { return ramp.backend->ramp == kRampSteps; });
    wait();
}

}  // namespace amba::proxy
