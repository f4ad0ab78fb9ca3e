// What status and metrics see of the backends of a frontend.
#include <algorithm>
#include <array>

#include "proxy/backends.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::BackendHealth;

namespace {

constexpr std::array kStateWords{"unknown", "healthy", "unhealthy", "ejected", "leaving"};

}  // namespace

const char* word(BackendState state) {
    return kStateWords[static_cast<std::size_t>(state)];
}

BackendState backend_state(std::string_view word) {
    const auto at = std::find(kStateWords.begin(), kStateWords.end(), word);
    if (at == kStateWords.end()) return BackendState::kUnknown;
    return static_cast<BackendState>(at - kStateWords.begin());
}

namespace {

BackendState state_of(const BackendHealth& health) {
    if (health.ejected()) return BackendState::kEjected;
    switch (health.state()) {
        case balance::State::kHealthy: return BackendState::kHealthy;
        case balance::State::kUnhealthy: return BackendState::kUnhealthy;
        case balance::State::kUnknown: break;
    }
    return BackendState::kUnknown;
}

BackendView view_of(const Backend& backend, core::Time now) {
    const BackendHealth& health = backend.health();
    const balance::BackendCounters& counters = backend.counters;
    BackendView view;
    view.address = backend.endpoint.to_string();
    view.origin = view.address;
    view.state = state_of(health);
    view.usable = health.usable();
    view.since = health.since();
    view.why = health.why();
    view.weight_percent = health.ramp() * 100 / balance::kRampSteps;
    view.connections_current = backend.connections();
    view.connections_total = counters.connections_total;
    view.connections_failed = counters.connections_failed;
    view.connections_rate = counters.rate.per_second(now);
    view.resets_total = counters.resets_total;
    view.downs_total = health.downs();
    view.bytes_up = counters.bytes_up;
    view.bytes_down = counters.bytes_down;
    return view;
}

BackendView view_of_leaving(const Backend& backend, core::Time now) {
    BackendView view = view_of(backend, now);
    view.state = BackendState::kLeaving;
    view.usable = false;
    return view;
}

}  // namespace

Backends::Places Backends::show(FrontendView& out, core::Time now) const {
    Places places;
    for (const balance::Member& member : pool().members()) {
        const Backend& backend = *member.backend;
        places.emplace(&backend, out.backends.size());
        BackendView& view = out.backends.emplace_back(member.leaving ? view_of_leaving(backend, now)
                                                                     : view_of(backend, now));
        view.origin = member.origin;
        view.weight = member.weight;
        view.backup = member.backup;
        view.maxconn = member.maxconn;
    }
    for (const balance::BackendPtr& backend : departures_.backends()) {
        places.emplace(backend.get(), out.backends.size());
        out.backends.push_back(view_of_leaving(*backend, now));
    }
    return places;
}

}  // namespace amba::proxy
