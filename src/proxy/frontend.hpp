// A frontend: a listener, the backends, the queue of those that wait for one, and its connections.
//
// It outlives its place in the table as long as it has connections (retire()), and is taken back
// when the same address returns (update()).
//
// What follows from a change is done in a turn of its own (on_again()), never from within the
// change: a connection that ends or a check that fails may come in the middle of a swap, of the
// closing of many, of another connection's try. In that turn whoever looks after its pool is told,
// the queue is served, connects to a backend that has left are raced, and an empty frontend that is
// out of the table goes.
#pragma once

#include <memory>

#include "amba/core/outcome.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/poller.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/backends.hpp"
#include "proxy/connections.hpp"
#include "proxy/listener.hpp"
#include "proxy/shared.hpp"
#include "proxy/tallies.hpp"
#include "proxy/wait_queue.hpp"

namespace amba::proxy {

// Its own deadline is that of a drain.
class Frontend final : public net::Pollable,
                       private net::Deadline,
                       private AcceptObserver,
                       private BackendsObserver {
  public:
    Frontend(Shared& shared, Plan plan);

    const Settings& settings() const { return settings_; }
    Listener& listener() { return listener_; }
    Backends& backends() { return backends_; }
    WaitQueue& queue() { return queue_; }
    Connections& connections() { return connections_; }
    Tallies& tallies() { return tallies_; }
    // Is a new connection likely to get a backend? Nobody knows it before the first was refused.
    bool has_backend() const { return backends_.pool().usable() > 0 && !refusing_; }
    FrontendView view() const;

    // It is in the table with these settings; it may have been out of it.
    void update(Settings settings, std::shared_ptr<balance::Pool> pool);
    // It is out of the table: closes the listener, and treats its connections as `removed` says. It
    // frees itself when its last connection has ended.
    void retire(Successor successor = Successor::kNone);
    // Frees itself, when it is out of the table and has nothing left.
    void end_if_empty();
    // Those that `which` says; all without it.
    void abort_all(core::EndedBy by, bool (*which)(const Session&) = nullptr);

    // Sessions call these.
    void connected(Session& session);
    // It gets no backend, and is reset.
    void refused(core::EndedBy by);
    // The same, as it has waited to the end of its time.
    void timed_out();
    void ended(Session& session, core::Outcome outcome);

  private:
    void on_again() override;
    void on_deadline() override;
    void accepted(net::Descriptor client) override;
    void stopped_listening() override;
    void pool_replaced() override;
    void close_connections(const BackendSet& backends) override;
    void turn_is_due() override { shared_.poller.again(*this); }
    void tell_pool();

    Shared& shared_;
    Settings settings_;
    Listener listener_{settings_, shared_, *this};
    WaitQueue queue_{settings_, *this};
    Backends backends_;
    Connections connections_;
    Tallies tallies_;
    std::uint64_t failed_ = 0;  // connections that were reset because no backend took them
    bool refusing_ = false;     // the last one was
    bool pool_is_new_ = false;  // and to be told
    bool retired_ = false;      // out of the table
};

}  // namespace amba::proxy
