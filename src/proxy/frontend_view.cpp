// What status and metrics see of a frontend.
#include "proxy/frontend.hpp"

namespace amba::proxy {

FrontendView Frontend::view() const {
    FrontendView out;
    out.name = settings_.name;
    out.bind = settings_.bind.to_string();
    out.listening = listener_.listening();
    out.paused = listener_.paused();
    out.at_maxconn = listener_.at_maxconn();
    out.leaving = retired_;
    out.connections_current = listener_.connections();
    out.connections_total = listener_.total();
    out.connections_failed = failed_;
    const core::Time now = core::Clock::now();
    out.balance = core::word(settings_.balance);
    out.maxconn = static_cast<std::uint32_t>(settings_.maxconn);
    out.queue_current = queue_.size();
    out.queue_total = queue_.total();
    out.queue_timeouts = queue_.timeouts();
    tallies_.show(out, now);
    const Backends::Places places = backends_.show(out, now);
    // Backends count the bytes of ended connections; those of open ones are added here.
    for (const Session& session : connections_.served()) {
        const ByteCounts bytes = session.bytes();
        out.bytes_up += bytes.up;
        out.bytes_down += bytes.down;
        const auto at = places.find(session.backend());
        if (at == places.end()) continue;
        out.backends[at->second].bytes_up += bytes.up;
        out.backends[at->second].bytes_down += bytes.down;
    }
    return out;
}

}  // namespace amba::proxy
