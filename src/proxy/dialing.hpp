// What a connection decides until it has a backend: whom to dial, when to dial a second one beside
// it, when to wait and for what, and when to give up. Decisions alone; the sockets, the poller and
// the queue are the Dialer's.
//
//   kStart ----> dial ---> connected
//                 | ^ \--> slow: a second is dialed beside it (hedge), the first to answer wins
//                 v |
//                wait, in the queue of the frontend: for room at a backend that is full, for a
//                backend at all (`empty=hold`), or, when all were tried in vain, for a moment
//                before they are tried anew
//
// HAProxy waits for a second before it tries a server again (its manual, "retries": the turn-around
// state), so that one that restarts is not missed. Here the first pause is short and later ones are
// longer, up to that second; news of a backend (a check that succeeds, a connect of another
// connection, a name or a table that changes) end it at once.
//
// How long it may take is told by its DialClocks.
//
// Pure: no socket, no log, no clock; the time comes with each event.
#pragma once

#include <cstdint>
#include <span>

#include "amba/core/outcome.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/dial_clocks.hpp"
#include "proxy/tried.hpp"

namespace amba::proxy {

// What a Dialing asks of its frontend.
class Candidates {
  public:
    // The backend for the next try, other than those.
    virtual balance::Choice pick(std::span<balance::Backend* const> tried) = 0;
    // Backends with a weight above 0.
    virtual std::size_t weighted() const = 0;
    virtual bool has(const balance::Backend& backend) const = 0;
    // Those that wait have their turn before who comes now.
    virtual bool queue_is_due() const = 0;
    // How long to wait for one backend before another is asked as well.
    virtual core::Duration hedge_after() const = 0;
    virtual std::uint64_t draw() = 0;

  protected:
    ~Candidates() = default;
};

struct DialEvent {
    enum class Kind : std::uint8_t {
        kStart,        // accepted, or: its backend reset it before a byte (`backend`)
        kUnderWay,     // the connect that was asked for
        kNotDialed,    // that one failed at once (`why`, `is_for_all`)
        kHedged,       // there is a descriptor for a second one
        kNotHedged,    // there is none
        kFailed,       // the connect under way (`backend`, `why`, `was_reset`)
        kSlowFailed,   // the slow one, beside which a second is or was dialed
        kLeft,         // the backend of the connect under way takes no connections any more
        kSlowLeft,     // that of the slow one
        kDeadline,     // the deadline that was set last is over
        kTurn,         // it waits, and somebody may take it now
        kPoolChanged,  // the frontend has another pool
    } kind;
    balance::Backend* backend = nullptr;
    core::EndedBy why = core::EndedBy::kServer;
    bool was_reset = false;   // it had taken the connection
    bool is_for_all = false;  // this host lacks what a connect to any backend takes
};

struct DialAction {
    enum class Kind : std::uint8_t {
        kNothing,  // what is under way goes on; what waits stays
        kDial,     // `backend`; when its connect is under way `until` is its deadline
        kHedge,    // make room for a second connect
        kWait,     // in the queue, until `until`
        kUntil,    // set the deadline
        kExpire,   // there was no answer in time: of the slow one, and of the one under way
        kGiveUp,   // `by`, at `stage`
    } kind = Kind::kNothing;
    balance::Backend* backend = nullptr;
    core::Time until{};
    core::EndedBy by = core::EndedBy::kNormal;
    core::Stage stage = core::Stage::kConnect;
    bool waited_out = false;  // of kGiveUp: it waited to the end of its time
    bool first_wait = false;  // of kWait

    static DialAction give_up(core::EndedBy by);
};

class Dialing {
  public:
    // For a connection that was accepted at that time. The settings are those of the frontend, and
    // may change at any time.
    Dialing(const Settings& settings, Candidates& candidates, core::Time accepted);

    DialAction next(const DialEvent& event, core::Time now);

    // A backend that it may have tried in vain serves: it may be tried again.
    void forgive(const balance::Backend& backend) { tried_.remove(backend); }

    bool waits() const { return clocks_.waits(); }
    // It waits for the moment to pass after which all are tried anew.
    bool pauses() const { return waits() && wait_ == Wait::kPause; }
    bool has_tried() const { return !tried_.list().empty(); }
    // No other backend was dialed before or beside the one that has answered.
    bool was_alone() const { return !has_tried() && !raced_; }
    // Had the connect under way a fair time to be answered? The last try of a connection may have
    // had the rest of `timeouts.connect`.
    bool had_fair_time(core::Time now) const;
    const DialClocks& clocks() const { return clocks_; }

  private:
    enum class Wait : std::uint8_t {
        kRoom,     // those that it could use are full
        kBackend,  // there is none (`empty=hold`)
        kPause,    // all were tried in vain: a moment, and then they are tried anew
    };
    DialAction start(balance::Backend* lost, core::Time now);
    DialAction dial_next(core::Time now);
    DialAction dial(balance::Backend& backend, core::Time now);
    DialAction none_to_dial(balance::Choice choice, core::Time now);
    DialAction under_way(core::Time now);
    DialAction not_dialed(const DialEvent& event, core::Time now);
    DialAction failed(const DialEvent& event, core::Time now);
    DialAction go_on(core::Time now);
    DialAction overdue(core::Time now);
    DialAction pool_changed() const;
    bool may_try() const;
    bool may_hedge() const;
    // waiting
    DialAction wait(Wait what, core::Time now);
    DialAction turn(core::Time now);
    DialAction wait_is_over(core::Time now);
    bool waits_on(balance::Choice choice) const;

    const Settings& settings_;
    Candidates& candidates_;
    DialClocks clocks_;
    TriedBackends tried_;                        // in vain, since the last pause
    balance::BackendPtr dialed_;                 // of the connect under way; null: there is none
    core::Time until_{};                         // the deadline of that
    core::Time dialed_at_{};                     // the last try, other than the first
    core::EndedBy why_ = core::EndedBy::kProxy;  // the last try failed
    bool was_reset_ = false;                     // one of those tried had taken the connection
    bool has_slow_ = false;                      // a connect without an answer, and a second
    bool hedges_ = false;                        // the deadline is that of a slow backend
    bool raced_ = false;                         // two were dialed at a time
    bool has_waited_ = false;
    Wait wait_ = Wait::kRoom;  // of the last wait
};

}  // namespace amba::proxy
