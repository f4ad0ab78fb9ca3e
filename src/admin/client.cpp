// A question over the UNIX socket and its answer, within a time, on a loop of its own.
#include "amba/admin/client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace amba::admin {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr core::Duration kLookEvery{20};

void run(asio::io_context& loop, core::Duration time, const std::function<bool()>& given_up) {
    if (!given_up) {
        loop.run_for(time);
        return;
    }
    const core::Time until = core::Clock::now() + time;
    while (!loop.stopped() && core::Clock::now() < until && !given_up())
        loop.run_for(kLookEvery);
}

// A process that is stopped still has its socket: the kernel takes connections for it, until there
// are as many as it asked for (EAGAIN).
bool is_silence(const boost::system::error_code& failure) {
    return failure == asio::error::timed_out || failure == asio::error::try_again;
}

}  // namespace

core::Result<Response> ask(const std::string& socket_path, const std::string& method,
                           const std::string& target, core::Duration time,
                           const std::function<bool()>& given_up) {
    asio::io_context loop(1);
    asio::local::stream_protocol::socket socket(loop);
    http::request<http::empty_body> request;
    request.method_string(method);
    request.target(target);
    request.set(http::field::host, "amba");
    request.prepare_payload();
    http::response_parser<http::string_body> parser;
    parser.body_limit(std::uint64_t{256} << 20);
    boost::beast::flat_buffer buffer;

    asio::local::stream_protocol::endpoint endpoint;
    try {
        std::string name = socket_path;
        if (name.starts_with('@')) name[0] = '\0';
        endpoint = asio::local::stream_protocol::endpoint(name);
    } catch (const boost::system::system_error&) {
        return core::error("the path " + socket_path + " is too long for a socket");
    }
    boost::system::error_code failure = asio::error::timed_out;
    bool connected = false;
    socket.async_connect(endpoint, [&](boost::system::error_code error) {
        if ((failure = error)) return;
        failure = asio::error::timed_out;
        connected = true;
        http::async_write(socket, request, [&](boost::system::error_code wrote, std::size_t) {
            if (wrote) {
                failure = wrote;
                return;
            }
            http::async_read(socket, buffer, parser,
                             [&](boost::system::error_code read, std::size_t) { failure = read; });
        });
    });
    run(loop, time, given_up);
    if (is_silence(failure)) {
        return core::error("an ambassador listens on " + socket_path +
                           " and does not answer; is it stopped (SIGSTOP, docker pause) or busy?");
    }
    if (failure) {
        return core::error(connected ? "cannot get an answer from " + socket_path + ": " +
                                           failure.message()
                                     : "cannot connect to " + socket_path + ": " +
                                           failure.message() + "; is an ambassador running there?");
    }
    return Response{parser.get().result_int(), parser.get().body()};
}

}  // namespace amba::admin
