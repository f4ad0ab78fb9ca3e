// One connection to an Engine over a UNIX socket, TCP or TLS.
//
// Calls block, but never longer than its limits allow, and return at once when its stop is asked
// for (by another thread). A connection that has failed once is of no more use. It has a loop of
// its own: nothing is shared with another connection, and no thread is needed.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/docker/host.hpp"
#include "docker/call_limits.hpp"

namespace amba::docker {

class EngineConnection {
  public:
    using ErrorCode = boost::system::error_code;

    // Keeps a reference to both.
    EngineConnection(const Host& host, const CallLimits& limits);
    EngineConnection(const EngineConnection&) = delete;
    EngineConnection& operator=(const EngineConnection&) = delete;

    // The first of the host's addresses that takes the connection. The error does not name the
    // host.
    core::Result<void> open();

    // From now on calls return by then, and no longer by the end of its limits.
    void wait_until(core::Time until) { until_ = until; }

    // From now on only `stop` ends a call. A peer that is gone without a word is noticed by
    // keepalive.
    void wait_without_end();

    // beast::error::timeout when the time of its limits is over, operation_aborted when stop was
    // asked for.
    void write(std::string_view bytes, ErrorCode& error);
    std::size_t read(const boost::asio::mutable_buffer& buffer, ErrorCode& error);

    // A SyncReadStream, as Beast wants it.
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, ErrorCode& error) {
        return read(*boost::asio::buffer_sequence_begin(buffers), error);
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers);  // part of the concept, and called by nobody

  private:
    using Protocol = boost::asio::generic::stream_protocol;
    using Socket =
        boost::asio::basic_stream_socket<Protocol, boost::asio::io_context::executor_type>;
    using Place = Protocol::endpoint;
    // What an operation in the loop has come to.
    struct Operation {
        bool done = false;
        ErrorCode error;
        std::size_t bytes = 0;
    };

    template <class Start>
    Operation run(core::Time until, Start start);
    core::Result<std::vector<Place>> places();
    core::Result<std::vector<Place>> resolve();
    core::Result<void> shake_hands();
    std::string why_not(const ErrorCode& error) const;

    const Host& host_;
    const CallLimits& limits_;
    core::Time until_;
    boost::asio::io_context loop_{1};
    Socket socket_{loop_};
    std::optional<boost::asio::ssl::context> context_;
    std::optional<boost::asio::ssl::stream<Socket&>> tls_;
    // Last, so that it is gone before what it touches.
    std::stop_callback<std::function<void()>> stopper_;
};

}  // namespace amba::docker
