// What status and metrics see of a frontend.
#include <unordered_map>

#include "proxy/frontend.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::State;

namespace {

const char* word(State state) {
    switch (state) {
        case State::kHealthy: return "healthy";
        case State::kUnhealthy: return "unhealthy";
        case State::kUnknown: return "unknown";
    }
    return "";
}

const char* word(balance::Algorithm algorithm) {
    switch (algorithm) {
        case balance::Algorithm::kRoundRobin: return "roundrobin";
        case balance::Algorithm::kLeastConn: return "leastconn";
        case balance::Algorithm::kRandom: return "random";
        case balance::Algorithm::kSource: return "source";
        case balance::Algorithm::kFirst: return "first";
    }
    return "";
}

BackendView view_of(const Backend& backend, core::Time now) {
    BackendView view;
    view.address = backend.endpoint.to_string();
    view.origin = view.address;
    view.state = backend.ejected ? "ejected" : word(backend.state);
    view.since = backend.since;
    if (backend.why) view.why = *backend.why;
    view.weight_percent = backend.ramp * 100 / balance::kRampSteps;
    view.connections_current = backend.connections_current;
    view.connections_total = backend.connections_total;
    view.connections_failed = backend.connections_failed;
    view.connections_rate = backend.rate.per_second(now);
    view.resets_total = backend.resets_total;
    view.downs_total = backend.downs;
    view.bytes_up = backend.bytes_up;
    view.bytes_down = backend.bytes_down;
    return view;
}

}  // namespace

FrontendView Frontend::view() const {
    FrontendView out;
    out.name = settings_.name;
    out.bind = settings_.bind.to_string();
    out.listening = listening();
    out.paused = paused_;
    out.at_maxconn = at_maxconn_;
    out.leaving = retired_;
    out.connections_current = current_;
    out.connections_total = total_;
    out.connections_failed = failed_;
    const core::Time now = core::Clock::now();
    tallies_.show(out, now);
    out.balance = word(settings_.algorithm);
    out.maxconn = settings_.maxconn;
    out.queue_current = queued_;
    out.queue_total = queued_total_;
    out.queue_timeouts = queue_timeouts_;
    std::unordered_map<const Backend*, std::size_t> index;
    for (const balance::Member& member : pool_->members()) {
        index.emplace(member.backend.get(), out.backends.size());
        BackendView& view = out.backends.emplace_back(view_of(*member.backend, now));
        view.origin = member.origin;
        view.weight = member.weight;
        view.backup = member.backup;
        view.maxconn = member.maxconn;
        if (member.leaving) view.state = "leaving";
    }
    for (const balance::BackendPtr& backend : departures_.backends()) {
        index.emplace(backend.get(), out.backends.size());
        out.backends.emplace_back(view_of(*backend, now)).state = "leaving";
    }
    // Backends count the bytes of ended connections; those of open ones are added here.
    for (const Session& session : established_) {
        out.bytes_up += session.bytes_up();
        out.bytes_down += session.bytes_down();
        const auto at = index.find(session.backend());
        if (at == index.end()) continue;
        out.backends[at->second].bytes_up += session.bytes_up();
        out.backends[at->second].bytes_down += session.bytes_down();
    }
    return out;
}

}  // namespace amba::proxy
