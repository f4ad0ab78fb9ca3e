// A question over the UNIX socket and its answer, within a time.
#include "amba/admin/client.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>

#include "amba/http/exchange.hpp"

namespace amba::admin {

namespace asio = boost::asio;
using Field = boost::beast::http::field;

namespace {

// A process that is stopped still has its socket: the kernel takes connections for it, until there
// are as many as it asked for (EAGAIN).
bool is_silence(const boost::system::error_code& failure) {
    return failure == boost::beast::error::timeout || failure == asio::error::operation_aborted ||
           failure == asio::error::timed_out || failure == asio::error::try_again;
}

http::Request request_of(const std::string& method, const std::string& target) {
    http::Request request;
    request.method_string(method);
    request.target(target);
    request.set(Field::host, "amba");
    request.prepare_payload();
    return request;
}

// What became of a request over a connection that is made, or has failed with `failure`.
core::Result<Response> answer(const std::string& socket_path, const http::Request& request,
                              http::ClientConnection& connection,
                              boost::system::error_code failure) {
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

core::Error too_long(const std::string& socket_path) {
    return core::error("the path " + socket_path + " is too long for a socket");
}

}  // namespace

core::Result<Response> ask(const std::string& socket_path, const std::string& method,
                           const std::string& target, core::Duration time,
                           const std::function<bool()>& given_up) {
    const auto place = http::socket_place(socket_path);
    if (!place) return too_long(socket_path);
    const core::Time until = core::Clock::now() + time;
    http::ClientConnection connection(until, {}, given_up);
    boost::system::error_code failure;
    connection.connect(*place, until, failure);
    return answer(socket_path, request_of(method, target), connection, failure);
}

core::Result<Upgraded> ask_to_upgrade(const std::string& socket_path, const std::string& target,
                                      const std::string& protocol, core::Duration time) {
    const auto place = http::socket_place(socket_path);
    if (!place) return too_long(socket_path);
    http::Request request = request_of("POST", target);
    request.set(Field::connection, "Upgrade");
    request.set(Field::upgrade, protocol);
    const core::Time until = core::Clock::now() + time;
    http::ClientConnection connection(until);
    boost::system::error_code failure;
    connection.connect(*place, until, failure);
    if (failure && !is_silence(failure)) return Upgraded{};
    auto response = answer(socket_path, request, connection, failure);
    if (!response) return response.error();
    Upgraded out{std::move(*response), {}};
    if (out.response.status == 101) out.connection = connection.release();
    return out;
}

}  // namespace amba::admin
