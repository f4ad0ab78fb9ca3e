// Whether the container that this ambassador serves is still there, as far as its network tells.
//
//   alive      its network namespace has a link
//   orphaned   the last link has left: the container has ended, and when it is started again it
//              gets another namespace. The ambassador is unhealthy, and what it has serves on
//   over       no connection is left, and it has been an orphan for the whole of `exit_after`: it
//              ends, so that the restart policy of its own container puts it into the new
//              namespace
//
// A link that comes back, as when a container is connected to another network, ends it.
//
// A client that was killed has closed its connections, and no backend can be reached any more that
// would close the other end. So such a connection is reset when the time is over.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <optional>

#include "amba/core/duration.hpp"
#include "amba/net/link_watch.hpp"
#include "amba/proxy/proxy.hpp"

namespace amba::daemon {

class OrphanWatch {
  public:
    // What an orphan says where it is asked for its health.
    static constexpr const char* kWhy =
        "orphaned: its network namespace has no link any more; the container that it serves has "
        "ended or left its networks";

    // `over` is called once. Without `exit_after` it is not.
    OrphanWatch(boost::asio::io_context& loop, proxy::Proxy& proxy,
                std::optional<core::Duration> exit_after, std::function<void()> over);

    void start();
    // It says what it sees, and `over` is called no more.
    void stop();

    bool is_orphan() const { return links_.is_cut_off(); }
    // Microseconds since 1970; 0: it is none.
    std::int64_t since_us() const { return since_us_; }

  private:
    void changed();
    void look_again(core::Duration after);
    void look();

    proxy::Proxy& proxy_;
    const std::optional<core::Duration> exit_after_;
    std::function<void()> over_;  // empty: it was called, or is not to be
    net::LinkWatch links_;
    boost::asio::steady_timer timer_;
    std::int64_t since_us_ = 0;
};

}  // namespace amba::daemon
