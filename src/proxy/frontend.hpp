// A frontend: one listening address, its pool, and its connections.
//
// It outlives its place in the table as long as it has connections (retire()), and comes back to
// life when the same address returns (revive by update() with a listener).
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <string>

#include "amba/balance/pool.hpp"
#include "amba/core/outcome.hpp"
#include "amba/log/log.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/connect_times.hpp"
#include "proxy/departures.hpp"
#include "proxy/ejections.hpp"
#include "proxy/ramps.hpp"
#include "proxy/session.hpp"
#include "proxy/shared.hpp"
#include "proxy/tallies.hpp"

namespace amba::proxy {

class Frontend final : public net::Pollable, public net::Deadline {
  public:
    Frontend(Shared& shared, Plan plan);

    // Takes a listening socket; accepting starts in this turn.
    void listen(net::Descriptor listener);
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
    // itself with its last connection.
    void retire(bool heir = false);
    void resume();  // descriptors are free again
    void abort_all(core::EndedBy by);
    // Sessions of these backends dial another one, or are reset.
    void close_connections(const Departures::Backends& backends);

    bool retired() const { return retired_; }
    // Which of the tables it was in last, by the count of swaps.
    std::uint64_t table() const { return table_; }
    void set_table(std::uint64_t table) { table_ = table; }
    std::uint64_t connections() const { return current_; }
    const Settings& settings() const { return settings_; }
    const balance::Pool& pool() const { return *pool_; }
    balance::Choice pick(const balance::Ask& ask) { return pool_->pick(ask); }
    // How long to wait for one backend before another is asked as well.
    core::Duration hedge_after() const { return connect_times_.hedge_after(); }
    FrontendView view() const;

    // A backend is not what it was: its share of new connections changes with it.
    void note(balance::Backend& backend);
    // What its checks say.
    void mark(balance::Backend& backend, bool healthy, const std::string& why);
    std::string describe(const balance::Backend& backend) const;
    // An event of that backend: describe() and what.
    void say(log::Level level, const char* event, const balance::Backend& backend,
             const std::string& what) const;

    // Connections that wait for a backend, in the order of their arrival.
    bool has_queue() const { return !queue_.empty(); }
    void enqueue(Session& session, bool in_front);
    void dequeue(Session& session);

    // Told by sessions.
    void connected(balance::Backend& backend);
    // Established; `alone` when no other backend was dialed before or beside it.
    void connect_took(core::Clock::duration time, bool alone) {
        tallies_.connect_took(time);
        if (alone) connect_times_.add(time);
    }
    void retried() { ++tallies_.retries; }
    void hedged() { ++tallies_.hedges; }
    // With the error of connect(2); 0: no answer.
    void connect_failed(balance::Backend& backend, int error);
    // No answer yet, while another backend has answered.
    void outrun(balance::Backend& backend);
    void backend_reset(balance::Backend& backend, bool no_byte);
    // It reset a connection that goes on with another backend.
    void lost(balance::Backend& backend);
    void no_backend(core::EndedBy by, std::size_t tries);
    void left_waiting();  // in the queue, to the end of its time
    // A connection begins to use this backend.
    void leased(balance::Backend& backend);
    void out_of_resources(int error);
    // A session uses this backend no more.
    void released(balance::Backend& backend);
    void ended(Session& session, bool served, core::Outcome outcome);

  private:
    struct Closing final : net::Deadline {
        explicit Closing(Frontend& frontend_in) : frontend(frontend_in) {}
        void on_deadline() override { frontend.close_now(); }
        Frontend& frontend;
        net::Descriptor listener;
    };

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
    void serve_queue();
    void served_well(balance::Backend& backend);
    void pool_replaced(const balance::Pool* before);
    void forget_downs();
    void admit(int fd);
    void tell_end(const Session& session, core::Outcome outcome) const;
    void end_if_empty();

    Shared& shared_;
    Settings settings_;
    net::Descriptor listener_;
    Closing closing_{*this};
    std::shared_ptr<balance::Pool> pool_;
    Departures departures_{*this, shared_};
    Ejections ejections_{*this, shared_};
    Ramps ramps_{*this, shared_};
    ConnectTimes connect_times_;
    Tallies tallies_;
    using Sessions = boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>>;
    Sessions sessions_;
    Sessions queue_;  // those that wait for a backend, instead
    std::uint64_t queued_ = 0;
    std::uint64_t queued_total_ = 0;
    std::uint64_t queue_timeouts_ = 0;
    std::size_t downs_ = 0;  // backends that their checks find down, those that left since too
    std::uint64_t current_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t resets_unlogged_ = 0;
    std::uint64_t table_ = 0;
    core::Time next_reset_line_{};
    int accept_batch_ = 1;
    std::uint64_t accept_round_ = 0;
    bool retired_ = false;
    bool paused_ = false;
    bool at_maxconn_ = false;
    bool serving_queue_ = false;
    bool said_maxconn_ = false;
    bool said_waiting_ = false;
    bool said_empty_ = false;
    bool said_resources_ = false;
    bool waiting_ = false;  // connections were left in the kernel's queue, as far as is known
};

}  // namespace amba::proxy
