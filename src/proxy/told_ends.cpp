// The event and the line of a connection that has ended.
#include "proxy/told_ends.hpp"

#include "amba/log/log.hpp"
#include "amba/log/recorder.hpp"

namespace amba::proxy {

namespace {

double in_ms(core::Clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

std::uint32_t folded(std::uint64_t bits) {
    return static_cast<std::uint32_t>(balance::mixed(bits) >> 32);
}

}  // namespace

// Thousands may end at once: a connection that ended like the last one of its backend is only
// counted.
void tell_end(const Session& session, core::Outcome outcome, const Settings& settings,
              core::Time now) {
    const balance::Backend* backend = session.backend();
    const std::string letters = outcome.letters();
    const std::uint64_t server = backend == nullptr ? 0 : core::EndpointHash{}(backend->endpoint);
    const std::uint64_t about = core::BindHash{}(settings.bind) * 31 + server;
    const log::Recorder::Key key{folded(about),
                                 folded(static_cast<unsigned char>(letters[0]) * 256u +
                                        static_cast<unsigned char>(letters[1]))};
    const bool known = outcome.normal() || log::repeated(key);
    if (known && session.line() == nullptr) return;

    const std::string address = backend == nullptr ? "" : backend->endpoint.to_string();
    const std::string why = core::to_string(outcome);
    const core::Clock::duration total = now - session.accepted();
    if (!known) {
        log::record({log::Level::kInfo, "ended", settings.name, address, letters,
                     "a connection ended " + letters + ": " + why},
                    key);
    }
    const Session::Line* line = session.line();
    if (line == nullptr) return;
    log::ConnectionLine out;
    const std::string client = line->client.to_string();
    out.frontend = settings.name;
    out.client = client;
    out.backend = address;
    out.ended = letters;
    out.why = why;
    out.queued_ms = in_ms(line->queued);
    out.connect_ms = line->connect.count() < 0 ? -1 : in_ms(line->connect);
    out.total_ms = in_ms(total);
    const ByteCounts bytes = session.bytes();
    out.bytes_up = bytes.up;
    out.bytes_down = bytes.down;
    out.tries = line->tries;
    log::connection(out);
}

}  // namespace amba::proxy
