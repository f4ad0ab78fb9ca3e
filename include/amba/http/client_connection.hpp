// ClientConnection: a client's connection to an HTTP server at a UNIX socket or over TCP.
//
// Calls block, but never longer than until its time, and return at once when its stop is asked for
// (by another thread). `given_up`, where there is one, is called by the thread that waits, every
// 20 ms, and ends the call when it says true. The error is then beast::error::timeout or
// asio::error::operation_aborted. A connection that has failed once is of no more use. It has a
// loop of its own: nothing is shared with another connection, and no thread is needed. Its
// constructor throws system_error when there are too many open files.
//
// A derived class may speak through a layer over the socket: TLS is one.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "amba/core/duration.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::http {

class ClientConnection {
  public:
    using ErrorCode = boost::system::error_code;
    using Protocol = boost::asio::generic::stream_protocol;
    using Place = Protocol::endpoint;  // where a server listens

    explicit ClientConnection(core::Time until, std::stop_token stop = {},
                              std::function<bool()> given_up = {});
    virtual ~ClientConnection() = default;
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    // From now on calls return by then.
    void wait_until(core::Time until) { until_ = until; }

    // Returns by `until`. After a connect that has failed another place may be tried.
    // A UNIX socket whose queue is full is asio::error::try_again, at once.
    void connect(const Place& place, core::Time until, ErrorCode& error);
    // All of it.
    void write(std::string_view bytes, ErrorCode& error);
    // At least one byte. The end of the stream is asio::error::eof.
    std::size_t read(const boost::asio::mutable_buffer& buffer, ErrorCode& error);

    // A SyncReadStream, as Beast wants it.
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers, ErrorCode& error) {
        return read(*boost::asio::buffer_sequence_begin(buffers), error);
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers);  // part of the concept, and called by nobody

    // The socket, for another protocol. Of no use with a layer over it.
    net::Descriptor release() { return net::Descriptor(socket_.release()); }

  protected:
    using Socket =
        boost::asio::basic_stream_socket<Protocol, boost::asio::io_context::executor_type>;
    using Done = std::function<void(const ErrorCode&, std::size_t bytes)>;
    // What an operation in the loop has come to.
    struct Operation {
        bool done = false;
        ErrorCode error;
        std::size_t bytes = 0;
    };

    // Starts an operation in the loop and waits for its end. One that was given up may end in a
    // later run: beside its buffers it holds nothing of the caller's frame.
    Operation run(core::Time until, const std::function<void(const Done&)>& start);

    // What a layer overrides.
    virtual void start_write(const boost::asio::const_buffer& all, const Done& done);
    virtual void start_read(const boost::asio::mutable_buffer& buffer, const Done& done);

    core::Time until() const { return until_; }
    boost::asio::io_context& loop() { return loop_; }
    Socket& socket() { return socket_; }

  private:
    bool is_given_up();
    void connect_local(const Place& place, const Done& done);

    core::Time until_;
    const std::stop_token stop_;
    const std::function<bool()> given_up_;
    core::Time next_look_;  // when given_up_ is called again
    boost::asio::io_context loop_{1};
    Socket socket_{loop_};
    // Last, so that it is gone before what it touches.
    std::stop_callback<std::function<void()>> stopper_;
};

// Of a UNIX socket; a path that begins with '@' is an abstract name (unix(7)). None: it is too
// long.
std::optional<ClientConnection::Place> socket_place(std::string path);

}  // namespace amba::http
