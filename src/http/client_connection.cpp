// Blocking calls that end with their time or with their stop, by an Asio loop of their own.
#include "amba/http/client_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <cerrno>
#include <memory>
#include <utility>

namespace amba::http {

namespace asio = boost::asio;

namespace {

constexpr core::Duration kLookEvery{20};  // whether it is given up

}  // namespace

ClientConnection::ClientConnection(core::Time until, std::stop_token stop,
                                   std::function<bool()> given_up) :
    until_(until),
    stop_(std::move(stop)), given_up_(std::move(given_up)),
    stopper_(stop_, [this] { loop_.stop(); }) {}

bool ClientConnection::is_given_up() {
    if (stop_.stop_requested()) return true;
    const core::Time now = core::Clock::now();
    if (!given_up_ || now < next_look_) return false;
    next_look_ = now + kLookEvery;
    return given_up_();
}

ClientConnection::Operation ClientConnection::run(core::Time until,
                                                  const std::function<void(const Done&)>& start) {
    const auto operation = std::make_shared<Operation>();
    start([operation](const ErrorCode& error, std::size_t bytes) {
        *operation = {true, error, bytes};
    });
    while (!operation->done) {
        // In this order: a stop before the restart is seen here, one after it ends the wait.
        loop_.restart();
        if (is_given_up()) return {true, asio::error::operation_aborted, 0};
        const core::Time look = given_up_ ? std::min(until, next_look_) : until;
        if (look == core::Time::max()) {
            loop_.run_one();
        } else if (loop_.run_one_until(look) == 0 && core::Clock::now() >= until) {
            return {true, boost::beast::error::timeout, 0};
        }
    }
    return *operation;
}

void ClientConnection::connect(const Place& place, core::Time until, ErrorCode& error) {
    ErrorCode ignored;
    socket_.close(ignored);
    error = run(until, [&](const Done& done) {
                if (place.data()->sa_family == AF_UNIX) return connect_local(place, done);
                socket_.async_connect(place, [done](const ErrorCode& made) { done(made, 0); });
            }).error;
}

// Of a UNIX socket a connect is done at once or has failed; it fails with EAGAIN when the queue is
// full (unix(7)), which Asio would take for one that is under way.
void ClientConnection::connect_local(const Place& place, const Done& done) {
    ErrorCode made;
    socket_.open(place.protocol(), made);
    if (!made) socket_.native_non_blocking(true, made);
    if (!made && ::connect(socket_.native_handle(), place.data(), place.size()) != 0) {
        made.assign(errno, boost::system::system_category());
    }
    asio::post(loop_, [done, made] { done(made, 0); });
}

void ClientConnection::write(std::string_view bytes, ErrorCode& error) {
    const auto all = asio::buffer(bytes.data(), bytes.size());
    error = run(until_, [&](const Done& done) { start_write(all, done); }).error;
}

std::size_t ClientConnection::read(const asio::mutable_buffer& buffer, ErrorCode& error) {
    const Operation got = run(until_, [&](const Done& done) { start_read(buffer, done); });
    error = got.error;
    return got.bytes;
}

void ClientConnection::start_write(const asio::const_buffer& all, const Done& done) {
    asio::async_write(socket_, all, done);
}

void ClientConnection::start_read(const asio::mutable_buffer& buffer, const Done& done) {
    socket_.async_read_some(buffer, done);
}

std::optional<ClientConnection::Place> socket_place(std::string path) {
    if (path.starts_with('@')) path[0] = '\0';
    try {
        return asio::local::stream_protocol::endpoint(path);
    } catch (const boost::system::system_error&) {
        return std::nullopt;
    }
}

}  // namespace amba::http
