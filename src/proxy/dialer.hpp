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

class Dialer final : private net::Deadline, private Candidates {
  public:
    Dialer(Session& session, Frontend& frontend, Shared& shared);

    // After each of these the session may be connected or over, and the dialer gone.
    void start();
    // Its backend, which had taken it, reset it before a byte went either way.
    void start_again(Attempt lost, bool silent);
    void on_ready(unsigned slot, std::uint32_t events);
    // Of one that waits: false when it stays.
    bool take_turn();
    // The frontend has another pool.
    void pool_changed();
    // These take no connections any more: it dials others.
    void leave(const BackendSet& backends);
    // The session is over. What it was to dial or dialed; the sockets are closed.
    balance::Lease end(bool reset);

    bool waits() const { return dialing_.waits(); }
    const Dialing& dialing() const { return dialing_; }
    void forgive(const balance::Backend& backend) { dialing_.forgive(backend); }
    // Does it dial one of them?
    bool uses(const BackendSet& backends) const;
    balance::Backend* backend() const { return current_.lease.get(); }
    unsigned tries() const { return tries_; }

  private:
    void on_deadline() override;
    balance::Choice pick(std::span<balance::Backend* const> tried) override;
    std::size_t weighted() const override;
    bool has(const balance::Backend& backend) const override;
    bool queue_is_due() const override;
    core::Duration hedge_after() const override;
    std::uint64_t draw() override;

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
    bool met_itself(const Attempt& attempt) const;
    balance::Fault fault_of(int error, bool fair) const;
    balance::Lease close(Attempt& attempt);

    Session& session_;
    Frontend& frontend_;
    Shared& shared_;
    Dialing dialing_;
    Attempt current_;
    Attempt slow_;               // without an answer yet, beside which `current_` is dialed
    net::Reservation reserved_;  // the third descriptor
    unsigned tries_ = 0;
};

}  // namespace amba::proxy
