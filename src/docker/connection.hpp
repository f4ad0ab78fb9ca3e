// A connection to an Engine over a UNIX socket, TCP or TLS.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/docker/host.hpp"
#include "amba/http/client_connection.hpp"
#include "docker/call_limits.hpp"

namespace amba::docker {

class EngineConnection : public http::ClientConnection {
  public:
    // Keeps a reference to both.
    EngineConnection(const Host& host, const CallLimits& limits);

    // The first of the host's addresses that takes the connection. The error does not name the
    // host.
    core::Result<void> open();

    // From now on only `stop` ends a call. A peer that is gone without a word is noticed by
    // keepalive.
    void wait_without_end();

  private:
    void start_write(const boost::asio::const_buffer& all, const Done& done) override;
    void start_read(const boost::asio::mutable_buffer& buffer, const Done& done) override;
    core::Result<std::vector<Place>> places();
    core::Result<std::vector<Place>> resolve();
    core::Result<void> shake_hands();
    std::string why_not(const ErrorCode& error) const;

    const Host& host_;
    const CallLimits& limits_;
    std::optional<boost::asio::ssl::context> context_;
    std::optional<boost::asio::ssl::stream<Socket&>> tls_;
};

}  // namespace amba::docker
