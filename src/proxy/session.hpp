// One connection: the story from accept to finish.
//
//   start -> dial (one backend after the other) -> relay -> finish
//             ^ \-> wait, in the queue                  \-> linger: a side aborted; what it sent
//             \------/                                     before is handed on, at most 1 s ->
//             finish
//
// While one backend is slow to answer, a second is dialed beside it, and the first that answers
// wins. Who waits does so for one of three things: for room at a backend that is full, for a
// backend at all (`empty=hold`), or, when all were tried in vain, for a moment before they are
// tried anew (HAProxy's turn-around). Dialing, with that moment, takes `timeouts.connect`
// altogether, waiting takes `timeouts.queue` altogether; each of the two clocks stands still while
// the other runs.
//
// Every way out goes through finish(), which counts, closes and unlinks. A session is owned by its
// frontend's list until then and freed by the poller.
#pragma once

#include <sys/epoll.h>

#include <boost/intrusive/list.hpp>
#include <memory>
#include <span>
#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/core/outcome.hpp"
#include "amba/net/budget.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "proxy/backends_observer.hpp"
#include "proxy/relay.hpp"
#include "proxy/tried.hpp"

namespace amba::proxy {

class Frontend;

// What both sockets of a connection are watched for.
inline constexpr std::uint32_t kBothEnds = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI;

using SessionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Session;
using Sessions = boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>>;

class Session final : public net::Pollable, public net::Deadline, public SessionHook {
  public:
    Session(Frontend& frontend, Shared& shared, net::Descriptor client);
    void start();

    balance::Backend* backend() const { return lease_.get(); }
    balance::Lease take_lease() { return std::move(lease_); }

    // In the frontend's queue: goes on when a backend takes it now, or when what it waits for will
    // not come; false when it stays.
    bool leave_queue();
    bool queued() const { return queued_; }
    bool has_tried() const { return !tried().empty(); }
    // It waits for the moment to pass after which all are tried anew.
    bool pauses() const { return queued_ && extra_->wait == Wait::kPause; }
    // A backend that it may have tried in vain serves again.
    void forgive(const balance::Backend& backend);

    // Does it dial one of them, or is it served by one?
    bool uses(const BackendSet& backends) const;
    // They take no connections any more: it dials others, or is reset when it is established.
    void leave(const BackendSet& backends, core::EndedBy by);
    // The frontend has another pool: a connect that has waited long, or whose backend has left, is
    // raced by one to a backend that is new.
    void pool_changed();
    // Resets both sides.
    void abort(core::EndedBy by);

    // What its line in the log says beside; null: it is not to be logged.
    struct Line {
        core::Endpoint client;
        core::Clock::duration queued{0};
        core::Clock::duration connect{-1};  // below 0: no backend has answered
        unsigned tries = 0;
    };
    const Line* line() const { return extra_ ? extra_->line.get() : nullptr; }
    core::Time accepted() const { return core::Time(std::chrono::microseconds(accepted_us_)); }

    std::uint64_t bytes_up() const { return relay_.bytes_up(); }
    std::uint64_t bytes_down() const { return relay_.bytes_down(); }

  private:
    // What it waits for in the queue.
    enum class Wait : std::uint8_t {
        kRoom,     // those that it could use are full
        kBackend,  // there is none (`empty=hold`)
        kPause,    // all were tried in vain: a moment, and then they are tried anew
    };
    enum class Dialed : std::uint8_t {
        kUnderWay,
        kFailed,  // at once: another one may do
        kShort,   // this host lacks what any connect needs
    };
    // Of a connection that is not made at the first try, that waits or is to be logged: hardly any.
    struct Extra {
        Tried tried;                   // in vain, since the last pause
        net::Descriptor slow;          // a connect without an answer, that server_ races with
        balance::Lease lease;          // of the backend of `slow`
        net::Reservation reservation;  // of the third socket
        bool raced = false;            // two were dialed at a time
        bool was_reset = false;        // one of those tried had taken the connection
        core::EndedBy why = core::EndedBy::kServer;  // the last try failed
        core::Time dials_since{};                    // without the time that it has waited
        core::Time dialed_at{};                      // the last try, other than the first
        // Of the last wait.
        Wait wait = Wait::kRoom;
        bool waited = false;         // it was in the queue before
        bool on_queue_time = false;  // timeouts.queue runs, and timeouts.connect stands still
        core::Time waits_since{};
        core::Clock::duration connect_left{0};  // while timeouts.connect stands still
        core::Clock::duration queue_left{0};
        bool queue_runs_on = false;  // while it dials, as timeouts.connect is used up
        core::Time queue_runs_since{};
        core::Duration pause{0};  // the last one
        std::unique_ptr<Line> line;
    };
    enum class End : std::uint8_t { kClose, kReset };

    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_again() override { relay(); }
    void on_deadline() override;

    std::span<balance::Backend* const> tried() const;
    Extra& extra();
    // PICK
    bool may_try() const;
    balance::Choice pick() const;
    void dial_next();
    void none_to_dial(balance::Choice choice);
    // QUEUE
    void wait(Wait what);
    bool waits_on(balance::Choice choice) const;
    void end_wait();
    void wait_is_over();
    core::Duration next_pause();
    // DIAL
    Dialed dial_chosen(balance::Backend& backend);
    Dialed dial(balance::Backend& backend, core::Time try_deadline);
    Dialed not_dialed(balance::Backend& backend, int error);
    void dial_ready(std::uint32_t events);
    void dial_failed(int error);
    void try_failed(balance::Lease lease, int error, bool fair);
    void dial_overdue();
    balance::Fault fault_of(int error, bool fair) const;
    balance::Lease leave_dial();
    void remember_try(balance::Backend& backend);
    void give_up(core::EndedBy by);
    core::Stage stage() const;
    bool met_itself(balance::Backend& backend, int fd) const;
    // established and lost
    bool lost_before_a_byte(std::uint32_t events) const;
    bool is_silent() const;
    void redial();
    // two at once
    bool may_hedge() const;
    void hedge();
    bool has_slow() const { return extra_ && extra_->slow; }
    void slow_ready(std::uint32_t events);
    void slow_failed(int error);
    void drop_slow();
    balance::Lease leave_slow();
    void connected();
    void relay();
    void linger();
    void finish(core::Outcome outcome, End end);

    Frontend& frontend_;
    Shared& shared_;
    net::Descriptor client_;
    net::Descriptor server_;
    balance::Lease lease_;  // of the backend that is dialed or serves
    std::unique_ptr<Extra> extra_;
    Relay relay_;
    // While connecting: when all tries must be over. While it waits: when that must be over. Then:
    // when bytes last moved, as far as a time-out asks. While lingering: when that must be over.
    core::Time moment_;
    // Packed: hundreds of thousands of idle connections are held (a test measures them).
    std::uint64_t accepted_us_ : 48;  // of the clock that poller.now() reads: good for 8 years
    Relay::Verdict verdict_ : 3 = Relay::Verdict::kRunning;
    bool dialing_ : 1 = true;
    bool queued_ : 1 = false;
    bool hedging_ : 1 = false;          // its deadline is that of a slow backend
    std::uint8_t server_slot_ : 2 = 1;  // of server_ in the poller; a slow one has the other
    bool lingering_ : 1 = false;
    bool kept_alive_ : 1 = false;
};

}  // namespace amba::proxy
