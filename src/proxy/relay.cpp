// Makes one verdict of what the poller and the pumps say of two sockets: who ended, and how. A
// reset outweighs an end, as a reply that was cut off must not look whole.
#include "proxy/relay.hpp"

#include <sys/epoll.h>

#include "amba/net/tcp.hpp"

namespace amba::proxy {

void Relay::on_events(Side side, std::uint32_t events, std::uint64_t round) {
    Leg& at = leg(side);
    at.told = (events & EPOLLIN) != 0 && at.read_in != static_cast<std::uint16_t>(round);
    if (events & EPOLLPRI) at.urgent = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) at.readable = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) at.writable = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) at.ended = true;
    if (events & EPOLLERR) at.reset = true;
}

void Relay::on_events(Side side, std::uint32_t events) {
    on_events(side, events, leg(side).read_in + 1u);
}

bool Relay::nothing_has_happened() const {
    return up_.untouched() && down_.untouched() && !up_over_ && !down_over_ &&
           net::arrived(socket(Side::kBackend)) != net::Arrived::kBytes &&
           net::arrived(socket(Side::kClient)) != net::Arrived::kEnd;
}

bool Relay::client_is_silent() const {
    return up_.untouched() && down_.bytes() == 0 &&
           net::arrived(socket(Side::kClient)) == net::Arrived::kNothing;
}

// One pump until it waits. True when it wants another turn.
bool Relay::pass(Pump& pump, bool& over, Leg& source, Leg& sink, Shared& shared) {
    if (over) return false;
    // After a reset close() sends one: an end that came before it is passed on at once.
    switch (pump.run(source, sink, half_closed() && !any_reset(), shared)) {
        case Pump::Status::kWaiting: return false;
        case Pump::Status::kMore: return true;
        case Pump::Status::kFinished: over = true; return false;
        case Pump::Status::kSourceFailed:
            source.reset = true;
            over = true;
            return false;
        case Pump::Status::kSinkFailed:
            // Nobody takes these bytes any more; what the sink itself has sent before is still
            // there to be read, and so may be a mark that the poller has not told of.
            pump.drop(shared);
            over = true;
            sink.reset = sink.ended = sink.readable = sink.urgent = true;
            return false;
    }
    return false;
}

Relay::Outcome Relay::run(Shared& shared) {
    Leg& client = leg(Side::kClient);
    Leg& backend = leg(Side::kBackend);
    const bool more_up = pass(up_, up_over_, client, backend, shared);
    bool more_down = pass(down_, down_over_, backend, client, shared);
    // The second pump may have found the first one's source gone.
    if (client.reset && !up_over_ && !more_up) {
        more_down |= pass(up_, up_over_, client, backend, shared);
    }
    if (client.reset && up_over_) return Outcome::kClientReset;
    if (backend.reset && down_over_) return Outcome::kBackendReset;
    if (up_over_ && down_over_) return Outcome::kDone;
    return more_up || more_down ? Outcome::kAgain : Outcome::kRunning;
}

void Relay::drop(Shared& shared) {
    up_.drop(shared);
    down_.drop(shared);
}

}  // namespace amba::proxy
