// One connection: the story from accept to finish.
//
//   start -> dial (Dialer: one backend after the other) -> relay -> finish
//             ^                                              |\-> linger: a side aborted; what it
//             \--- redial: the backend reset it, and         |    sent before is handed on, at
//                  neither side had said a byte  <-----------/    most 1 s -> finish
//
// Every way out goes through finish(), which counts, closes and unlinks. A session is owned by a
// list of its frontend until then and freed by the poller.
#pragma once

#include <sys/epoll.h>

#include <boost/intrusive/list.hpp>
#include <memory>

#include "amba/balance/backend.hpp"
#include "amba/core/outcome.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "proxy/block_pool.hpp"
#include "proxy/dialer.hpp"
#include "proxy/relay.hpp"

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

    // Only for a session that dials or waits in the queue.
    Dialer& dialer() const { return extra_->dialer; }
    bool waits() const { return dialing_ && extra_ && dialer().dialing().waits(); }

    // Its dialer calls these.
    void connected(Attempt attempt, std::uint32_t events, core::Clock::duration took);
    void give_up(core::Outcome outcome) { finish(outcome, End::kReset); }
    // A reset is then the backend's own doing: one client whose bytes make servers reset must not
    // take them away from all others.
    bool client_is_silent() const { return relay_.client_is_silent(); }

    // Does it dial one of them, or is it served by one?
    bool uses(const BackendSet& backends) const;
    // These backends take no connections any more: it dials others, or is reset when it is
    // established.
    void leave(const BackendSet& backends, core::EndedBy by);
    // Resets both sides.
    void abort(core::EndedBy by);

    // The backend that it dials or that serves it, or nullptr.
    balance::Backend* backend() const { return lease_.get(); }
    balance::Lease take_lease() { return std::move(lease_); }
    int client_socket() const { return client_.get(); }

    // What only its line in the log needs; null: it is not logged.
    struct Line {
        core::Endpoint client;
        core::Clock::duration queued{0};
        core::Clock::duration connect{-1};  // below 0: no backend has answered
        unsigned tries = 0;
    };
    const Line* line() const { return extra_ ? extra_->line.get() : nullptr; }
    core::Time accepted() const { return core::Time(std::chrono::microseconds(accepted_us_)); }

    // The memory of what each connection has beside itself while it dials.
    static BlockPool& dial_blocks();

    ByteCounts bytes() const { return relay_.bytes(); }

  private:
    // What only some connections have: those that dial or linger, those that were not made at the
    // first try, and those that are to be logged.
    struct Extra {
        Extra(Session& session, Frontend& frontend, Shared& shared) :
            dialer(session, frontend, shared) {}
        Dialer dialer;
        core::Time lingers_until{};
        std::unique_ptr<Line> line;
    };
    struct GiveBack {
        void operator()(Extra* extra) const;
    };
    enum class End : std::uint8_t { kClose, kReset };

    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_again() override { relay(); }
    void on_deadline() override;
    Extra& extra();
    void redial();
    void relay();
    void linger();
    void finish(core::Outcome outcome, End end);

    Frontend& frontend_;
    Shared& shared_;
    net::Descriptor client_;
    net::Descriptor server_;
    balance::Lease lease_;  // of the backend that serves it
    std::unique_ptr<Extra, GiveBack> extra_;
    Relay relay_;
    core::Time moved_at_;  // when bytes last moved, as far as a time-out asks
    // Packed: hundreds of thousands of idle connections are held (a test measures them).
    std::uint64_t accepted_us_ : 48;  // of the clock that poller.now() reads: good for 8 years
    Relay::Outcome verdict_ : 3 = Relay::Outcome::kRunning;
    bool dialing_ : 1 = true;
    std::uint8_t server_slot_ : 2 = 1;  // of server_ in the poller
    bool lingering_ : 1 = false;
    bool kept_alive_ : 1 = false;
};

}  // namespace amba::proxy
