// A question over the UNIX socket and its answer, within a time.
#include "amba/admin/client.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>

#include "amba/http/exchange.hpp"

namespace amba::admin {

namespace asio = boost::asio;

namespace {

// A process that is stopped still has its socket: the kernel takes connections for it, until there
// are as many as it asked for (EAGAIN).
bool is_silence(const boost::system::error_code& failure) {
    return failure == boost::beast::error::timeout || failure == asio::error::operation_aborted ||
           failure == asio::error::timed_out || failure == asio::error::try_again;
}

}  // namespace

core::Result<Response> ask(const std::string& socket_path, const std::string& method,
                           const std::string& target, core::Duration time,
                           const std::function<bool()>& given_up) {
    const auto place = http::socket_place(socket_path);
    if (!place) return core::error("the path " + socket_path + " is too long for a socket");
    http::Request request;
    request.method_string(method);
    request.target(target);
    request.set(boost::beast::http::field::host, "amba");
    request.prepare_payload();

    const core::Time until = core::Clock::now() + time;
    http::ClientConnection connection(until, {}, given_up);
    boost::system::error_code failure;
    connection.connect(*place, until, failure);
    const bool connected = !failure;
    http::Exchange exchange(connection);
    Response response;
    if (connected) exchange.ask(request, failure);
    while (!failure && !exchange.is_done())
        response.body += exchange.read_some(failure);
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
    response.status = exchange.header().result_int();
    return response;
}

}  // namespace amba::admin
