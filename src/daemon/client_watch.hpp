// Ends the ambassador after its client (--exit-with-clients): when no client has been seen for a
// time, after the first one had come. A connection through the ambassador is one, and so is what
// client_signs.hpp finds.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <optional>

#include "amba/core/duration.hpp"
#include "amba/proxy/proxy.hpp"
#include "daemon/client_signs.hpp"

namespace amba::daemon {

class ClientWatch {
  public:
    // `over` is called once. Without a time it never looks.
    ClientWatch(boost::asio::io_context& loop, const proxy::Proxy& proxy,
                std::optional<core::Duration> time, std::function<void()> over,
                ClientSigns signs = ClientSigns());

    void start();
    void stop();

  private:
    void look();

    const proxy::Proxy& proxy_;
    const core::Duration time_;
    std::function<void()> over_;  // empty: it was called, or is not to be
    ClientSigns signs_;
    boost::asio::steady_timer timer_;
    std::optional<core::Time> seen_;  // the last one
    std::uint64_t served_ = 0;        // connections up to the last look
};

}  // namespace amba::daemon
