// Requests and responses as an Engine has them, and errors that name the host and what was asked
// for.
#include "docker/wire.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/grammar/lut_chars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <nlohmann/json.hpp>

#include "docker/connection.hpp"
#include "docker/http_request.hpp"

namespace amba::docker {

namespace beast = boost::beast;
using beast::http::field;
using ErrorCode = boost::system::error_code;

http::Request http_request(const EngineRequest& request) {
    http::Request message;
    message.method_string(request.method);
    message.target(request.version + request.path +
                   (request.query.empty() ? "" : "?" + request.query));
    message.set(field::host, "docker");
    message.set(field::user_agent, "amba");
    message.set(field::connection, request.upgrade ? "Upgrade" : "close");
    if (request.upgrade) message.set(field::upgrade, "tcp");
    if (!request.registry_auth.empty()) message.set("X-Registry-Auth", request.registry_auth);
    // The Engine wants the type of a body alone.
    if (!request.body.empty()) message.set(field::content_type, "application/json");
    if (request.method != "GET") message.content_length(request.body.size());
    message.body() = request.body;
    return message;
}

std::string reason_of_failure(const ErrorCode& error, const CallLimits& limits) {
    static const auto& http_errors = make_error_code(beast::http::error::bad_version).category();
    if (error == beast::error::timeout) {
        return "no answer within " + core::to_string(limits.time);
    }
    if (error == boost::asio::error::operation_aborted) return "given up";
    if (error == beast::http::error::end_of_stream) return "the connection was closed, unanswered";
    if (error == beast::http::error::partial_message) return "the answer ends early";
    if (error == beast::http::error::body_limit) return "the answer is longer than 256 MB";
    if (error.category() == http_errors) {
        return "the answer is not HTTP as an Engine speaks it: " + error.message();
    }
    return error.message();
}

core::Result<EngineResponse> exchange(const Host& host, const EngineRequest& request,
                                      const CallLimits& limits) {
    return follow(host, request, limits, {}, {});
}

core::Result<EngineResponse> follow(const Host& host, const EngineRequest& request,
                                    const CallLimits& limits, const std::function<void()>& opened,
                                    const Take& take) {
    const auto failed = [&](const ErrorCode& error) {
        return core::error(host.to_string() + ": " + request.what() + ": " +
                           reason_of_failure(error, limits));
    };
    try {
        EngineConnection connection(host, limits);
        if (auto open = connection.open(); !open) {
            return core::error(host.to_string() + ": " + open.error().reason);
        }
        http::Exchange exchange(connection);
        ErrorCode error;
        exchange.ask(http_request(request), error);
        if (error) return failed(error);
        const auto& header = exchange.header();
        EngineResponse response{header.result_int(), std::string(header["Api-Version"]), {}};
        const bool follows = take && response.status == 200;
        if (follows) {
            connection.wait_without_end();
            exchange.expect_no_end();
            opened();
        }
        while (!exchange.is_done()) {
            const std::string_view bytes = exchange.read_some(error);
            if (!follows) {
                response.body += bytes;
            } else if (!bytes.empty()) {
                if (auto taken = take(bytes); !taken) return taken.error();
            }
            if (error) return failed(error);
        }
        return response;
    } catch (const boost::system::system_error& failure) {  // too many open files
        return core::error(host.to_string() + ": " + failure.what());
    }
}

std::string message_of(const EngineResponse& response) {
    std::string text = response.body;
    const auto root = nlohmann::json::parse(response.body, nullptr, false);
    if (root.is_object()) {
        const auto message = root.find("message");
        if (message != root.end() && message->is_string()) text = message->get<std::string>();
    }
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    return text.empty() ? "status " + std::to_string(response.status) : core::one_line(text);
}

core::Error refusal(const Host& host, const EngineRequest& request,
                    const EngineResponse& response) {
    return core::error(host.to_string() + ": " + request.what() + ": " + message_of(response));
}

std::string percent(std::string_view text, std::string_view kept) {
    boost::urls::grammar::lut_chars plain = boost::urls::unreserved_chars;
    for (const char c : kept)
        plain = plain + boost::urls::grammar::lut_chars(c);
    return boost::urls::encode(text, plain);
}

}  // namespace amba::docker
