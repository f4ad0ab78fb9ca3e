// The end of an ambassador, from its first SIGTERM on: connections may end, and the client beside
// it may open further ones.
//
//   accepting   frontends that go on take new connections, until none was open for kQuiet
//   closing     nobody listens any more; what was open ends
//   over        nothing is open, or the drain time-out is over
//
// An ambassador serves one client, which may be draining too: Docker and Compose tell both to stop
// at about the same time, and the client has nowhere else to go. So a frontend on a loopback
// address goes on. Clients of another address, those of a load balancer, can go elsewhere: its
// frontend stops at once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "amba/core/duration.hpp"
#include "amba/daemon/drain_accept.hpp"
#include "amba/proxy/proxy.hpp"

namespace amba::daemon {

class Drain {
  public:
    static constexpr core::Duration kQuiet{500};

    // `over` is called once, with the reason; the loop is to end then.
    Drain(boost::asio::io_context& loop, proxy::Proxy& proxy, core::Duration timeout,
          DrainAccept accept, std::function<void(const std::string& why)> over);

    // Once. `signal` is its name, for the log.
    void begin(const std::string& signal);
    // Nobody listens any more, and connections have all the time that they need, as long as no
    // signal comes.
    void wait(const std::string& why);

  private:
    bool goes_on(const core::Bind& bind) const;
    void empty();
    void quiet();
    void end(const std::string& why);

    proxy::Proxy& proxy_;
    const core::Duration timeout_;
    const DrainAccept accept_;
    std::function<void(const std::string&)> over_;  // empty: it was called
    boost::asio::steady_timer timeout_timer_;
    boost::asio::steady_timer quiet_timer_;
    std::string signal_;  // or what else it ends for
    bool accepting_ = false;
};

}  // namespace amba::daemon
