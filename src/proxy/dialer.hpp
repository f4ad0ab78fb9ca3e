// A connection until it has a backend: the sockets, the poller and the queue around what Dialing
// decides. It lives as long as its connection dials, and hands over a socket that is connected.
#pragma once

#include <memory>

#include "amba/core/outcome.hpp"
#include "amba/net/budget.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "proxy/backends_observer.hpp"
#include "proxy/dialing.hpp"
#include "proxy/frontend_candidates.hpp"

namespace amba::proxy {

class Frontend;
class Session;
class Shared;

// A connect to a backend, and the slot of its socket in the poller.
struct Attempt {
    net::Descriptor socket;
    balance::Lease lease;
    std::uint8_t slot = 1;
};

class Dialer final : private net::Deadline {
  public:
    Dialer(Session& session, Frontend& frontend, Shared& shared);

    // After each of these the session may be connected or over, and the dialer gone.
    void start();
    // Its backend, which had taken it, reset it before a byte went either way.
    void start_again(Attempt lost, bool silent);
    void on_ready(unsigned slot, std::uint32_t events);
    // Called when it waits: may it go on? False: it stays.
    bool take_turn();
    // The frontend has another pool.
    void pool_changed();
    // These backends take no connections any more: it dials others.
    void leave(const BackendSet& backends);
    // The session is over: closes the sockets, and returns the lease of the backend that it dialed.
    balance::Lease end(bool reset);

    Dialing& dialing() { return dialing_; }
    const Dialing& dialing() const { return dialing_; }
    // Does it dial one of them?
    bool uses(const BackendSet& backends) const;
    balance::Backend* backend() const { return current_.lease.get(); }
    unsigned tries() const { return tries_; }

  private:
    void on_deadline() override;

    void next(const DialEvent& event);
    DialAction decide(const DialEvent& event);
    void act(DialAction action);
    DialEvent dial(balance::Backend& backend);
    DialEvent not_dialed(balance::Backend& backend, int error);
    DialEvent hedge();
    void expire();
    void give_up(const DialAction& action);
    void failed(Attempt& attempt, DialEvent::Kind kind, int error, bool fair);
    void won(Attempt attempt, std::uint32_t events);
    balance::Lease close(Attempt& attempt);

    Session& session_;
    Frontend& frontend_;
    Shared& shared_;
    FrontendCandidates candidates_;
    Dialing dialing_;
    Attempt current_;
    Attempt slow_;               // without an answer yet, beside which `current_` is dialed
    net::Reservation reserved_;  // the third descriptor
    unsigned tries_ = 0;
};

}  // namespace amba::proxy
