// One connection: the story from accept to finish.
//
//   start -> dial (one backend after the other) -> relay -> finish
//              \-> queue: until a backend has room      \-> linger: a side aborted; what it sent
//                                                        before is handed on, at most 1 s -> finish
//
// While one backend is slow to answer, a second is dialed beside it, and the first that answers
// wins.
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
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "proxy/relay.hpp"

namespace amba::proxy {

class Frontend;

// What both sockets of a connection are watched for.
inline constexpr std::uint32_t kBothEnds = EPOLLIN | EPOLLOUT | EPOLLRDHUP;

using SessionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Session final : public net::Pollable, public net::Deadline, public SessionHook {
  public:
    Session(Frontend& frontend, Shared& shared, net::Descriptor client);
    void start();

    const balance::Backend* backend() const { return backend_.get(); }
    balance::BackendPtr take_backend() { return std::move(backend_); }
    // In the frontend's queue: dials if a backend takes it now; false when none does.
    bool leave_queue();
    bool queued() const { return queued_; }
    // Its backend takes no connections any more: dials another one, or resets what is established.
    void leave_backend(core::EndedBy by);
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
    using Backends = std::vector<balance::Backend*>;
    // Of a connection that is not made at the first try, or is to be logged: hardly any.
    struct Extra {
        Backends made;                // all backends that were dialed
        net::Descriptor slow;         // a connect without an answer, that server_ races with
        balance::BackendPtr backend;  // of `slow`
        bool unanswered = false;      // the last that failed had not said anything
        std::unique_ptr<Line> line;
    };
    enum class End : std::uint8_t { kClose, kReset };

    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_again() override { relay(); }
    void on_deadline() override;

    std::span<balance::Backend* const> tried() const;
    balance::Choice pick() const;
    void dial_next();
    void none_to_dial(balance::Choice choice);
    void enqueue();
    bool dial_chosen(balance::Backend& backend);
    bool dial(balance::Backend& backend, core::Time try_deadline);
    bool may_hedge() const;
    void hedge();
    void dial_ready(std::uint32_t events);
    void dial_failed(int error);
    bool has_slow() const { return extra_ && extra_->slow; }
    Extra& extra();
    void slow_ready(std::uint32_t events);
    void slow_failed(int error);
    void drop_slow();
    void dial_overdue();
    bool lost_before_a_byte(std::uint32_t events) const;
    void redial();
    balance::BackendPtr leave_dial();
    void remember_try(balance::Backend& backend);
    void give_up(core::EndedBy by);
    void connected();
    void relay();
    void linger();
    void finish(core::Outcome outcome, End end);

    Frontend& frontend_;
    Shared& shared_;
    net::Descriptor client_;
    net::Descriptor server_;
    balance::BackendPtr backend_;
    std::unique_ptr<Extra> extra_;
    Relay relay_;
    // While connecting: when all tries must be over. Then: when bytes last moved, as far as a
    // time-out asks. While lingering: when that must be over.
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
