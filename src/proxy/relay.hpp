// Two pumps between two sockets: half-close in each direction, resets passed on.
#pragma once

#include <cstdint>

#include "proxy/pump.hpp"

namespace amba::proxy {

enum class Side : std::uint8_t { kClient = 0, kBackend = 1 };

// From the client to the backend, and back.
struct ByteCounts {
    std::uint64_t up = 0;
    std::uint64_t down = 0;
};

class Relay {
  public:
    enum class Outcome : std::uint8_t {
        kRunning,
        kAgain,         // wants another turn
        kDone,          // both directions ended in order
        kClientReset,   // the client aborted, and what it sent before was handed on
        kBackendReset,  // the same of the backend
    };

    void set_socket(Side side, int fd) { leg(side).fd = fd; }
    int socket(Side side) const { return legs_[static_cast<int>(side)].fd; }
    // What the poller said in this round, to be followed by run().
    void on_events(Side side, std::uint32_t events, std::uint64_t round);
    // The same for a socket that nothing was read from.
    void on_events(Side side, std::uint32_t events);
    Outcome run(Shared& shared);
    void drop(Shared& shared);

    // Has either side aborted? Bytes may still be on their way to the other.
    bool any_reset() const { return legs_[0].reset || legs_[1].reset; }
    bool reset_by(Side side) const { return legs_[static_cast<int>(side)].reset; }
    // Asked when the backend has aborted: did no byte go either way, as when a server is killed
    // with connections in its queue? A client that is still there has noticed nothing then, and
    // another backend can take the place of this one.
    bool nothing_has_happened() const;
    // The client has neither sent anything nor left, and the backend has said nothing: whatever the
    // backend did is not the client's doing.
    bool client_is_silent() const;
    void forget_backend() { leg(Side::kBackend) = Leg{}; }
    // One side has not taken all that was read from the other.
    bool holding() const { return up_.holding() || down_.holding(); }
    bool half_closed() const { return up_.finished() || down_.finished(); }
    ByteCounts bytes() const { return {up_.bytes(), down_.bytes()}; }

  private:
    Leg& leg(Side side) { return legs_[static_cast<int>(side)]; }
    bool pass(Pump& pump, bool& over, Leg& source, Leg& sink, Shared& shared);

    Leg legs_[2];
    Pump up_;    // client to backend
    Pump down_;  // backend to client
    bool up_over_ = false;
    bool down_over_ = false;
};

}  // namespace amba::proxy
