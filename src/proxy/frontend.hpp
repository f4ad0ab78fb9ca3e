// A frontend: one listening address, its pool, and its connections.
//
// It outlives its place in the table as long as it has connections (retire()), and is taken back
// when the same address returns (update() revives it).
//
// What follows from a change is done in a turn of its own (on_again()), never from within the
// change: a connection that ends or a check that fails may come in the middle of a swap, of the
// closing of many, of another connection's try. Told in that turn: who looks after its pool; done
// in it: the queue is served, connects to a backend that has left are raced, an empty one that is
// out of the table goes.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>
#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/core/outcome.hpp"
#include "amba/log/log.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/backends.hpp"
#include "proxy/connect_times.hpp"
#include "proxy/session.hpp"
#include "proxy/shared.hpp"
#include "proxy/tallies.hpp"

namespace amba::proxy {

class Frontend final : public net::Pollable, public net::Deadline, private BackendsObserver {
  public:
    Frontend(Shared& shared, Plan plan);

    // Takes a listening socket; accepting starts in this turn.
    void listen(net::Descriptor listener, net::Reservation reservation);
    // Serves what is queued and closes the listening socket. With an heir, another frontend that
    // takes over a part of its address, clients see no gap: the socket stays a moment longer, out
    // of the way of new connections, to serve those whose handshake had begun.
    void close_listener(bool heir = false);
    void close_now();  // that socket
    bool listening() const { return static_cast<bool>(listener_); }
    // Those that hold the address, listening or about to be closed.
    std::vector<int> sockets() const;

    void update(Settings settings, std::shared_ptr<balance::Pool> pool);
    void replace_pool(std::shared_ptr<balance::Pool> pool);
    // Its backends, for the next pool.
    Known known();
    // Out of the table: closes the listener, and treats its connections as `removed` says. It frees
    // itself when its last connection has ended.
    void retire(bool heir = false);
    // Frees itself, when it is out of the table and has nothing left.
    void end_if_empty();
    void resume();  // descriptors are free again
    void abort_all(core::EndedBy by);

    bool retired() const { return retired_; }
    // Is a new connection likely to get a backend? Nobody knows it before the first was refused.
    bool has_backend() const { return backends_.pool().usable() > 0 && !refusing_; }
    // Which of the tables it was in last, by the count of swaps.
    std::uint64_t table() const { return table_; }
    void set_table(std::uint64_t table) { table_ = table; }
    std::uint64_t connections() const { return current_; }
    const Settings& settings() const { return settings_; }
    Backends& backends() { return backends_; }
    const Backends& backends() const { return backends_; }
    // How long to wait for one backend before another is asked as well.
    core::Duration hedge_after() const { return connect_times_.hedge_after(); }
    FrontendView view() const;

    // Connections that wait for a backend, in the order of their arrival; `first` the first time.
    void enqueue(Session& session, bool first);
    void dequeue(Session& session);
    // Some of them may be served in this turn, so that who comes now is to wait for it too.
    bool serves_queue_soon() const { return queue_due_ != Due::kNot && has_queue(); }

    // Told by sessions.
    void connected(Session& session);
    // Established; `alone` when no other backend was dialed before or beside it.
    void connect_took(core::Clock::duration time, bool alone) {
        tallies_.connect_took(time);
        if (alone) connect_times_.add(time);
    }
    void retried() { ++tallies_.retries; }
    void hedged() { ++tallies_.hedges; }
    // Its backend reset it, and it goes on with another one.
    void dials_again(Session& session);
    void no_backend(core::EndedBy by);
    void left_waiting();  // in the queue, to the end of its time
    void ended(Session& session, core::Outcome outcome);

  private:
    struct Closing final : net::Deadline {
        explicit Closing(Frontend& frontend_in) : frontend(frontend_in) {}
        void on_deadline() override { frontend.close_now(); }
        Frontend& frontend;
        net::Descriptor listener;
        net::Reservation reservation;
    };

    // What in the queue is to be looked at in the next turn.
    enum class Due : std::uint8_t {
        kNot,
        kRoom,  // a connection has ended: those who wait for room
        kNews,  // backends are not what they were: all
    };
    using Sessions = boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>>;

    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_again() override;
    void on_deadline() override;
    void accept_some();
    void watch();
    bool accept_one(const net::Descriptor& listener);
    bool is_full() const { return settings_.maxconn > 0 && current_ >= settings_.maxconn; }
    void pause(core::Duration for_at_most, const char* why);
    void pause_at_maxconn();
    void leave_maxconn();
    void revive();
    bool has_queue() const { return !queue_.empty() || !tried_queue_.empty(); }
    void serve_queue_soon(Due due);
    void serve_queue();
    void tell_pool();
    void backends_changed() override { serve_queue_soon(Due::kNews); }
    void backend_returned(const balance::Backend& backend) override;
    void room_made() override { serve_queue_soon(Due::kRoom); }
    void pool_replaced() override;
    void work_is_left() override { shared_.poller.again(*this); }
    void close_connections(const BackendSet& backends) override;
    void admit(int fd);
    std::vector<Session*> all_sessions();
    void tell_end(const Session& session, core::Outcome outcome) const;

    Shared& shared_;
    Settings settings_;
    net::Descriptor listener_;
    net::Reservation reservation_;  // of listener_
    Closing closing_{*this};
    Backends backends_;
    ConnectTimes connect_times_;
    Tallies tallies_;
    // Each connection is in one of these.
    Sessions dialing_;
    Sessions established_;
    Sessions queue_;        // those that wait for a backend, by their arrival
    Sessions tried_queue_;  // likewise, those that have tried one in vain
    std::uint64_t queued_ = 0;
    std::uint64_t queued_total_ = 0;
    std::uint64_t queue_timeouts_ = 0;
    std::uint64_t current_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t table_ = 0;
    int accept_batch_ = 1;
    std::uint64_t accept_round_ = 0;
    Due queue_due_ = Due::kNot;
    bool pool_is_new_ = false;  // and to be told
    bool retired_ = false;
    bool watched_ = false;  // the poller has the listener
    bool paused_ = false;
    bool at_maxconn_ = false;
    bool said_maxconn_ = false;
    bool said_waiting_ = false;
    bool refusing_ = false;  // the last connection was reset for want of a backend
    bool said_resources_ = false;
    bool waiting_ = false;  // connections were left in the kernel's queue, as far as is known
};

}  // namespace amba::proxy
