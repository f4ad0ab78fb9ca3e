// Beast's HTTP over a connection, and errors that name the host and what was asked for.
#include "docker/wire.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/grammar/lut_chars.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "docker/connection.hpp"

namespace amba::docker {

namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;

namespace {

constexpr std::uint64_t kMostBody = std::uint64_t{256} << 20;
constexpr std::uint32_t kMostHeader = 64 * 1024;
constexpr std::size_t kPiece = 64 * 1024;

class Exchange {
  public:
    Exchange(const Host& host, const EngineRequest& request, const CallLimits& limits) :
        host_(host), request_(request), limits_(limits), connection_(host, limits) {
        parser_.header_limit(kMostHeader);
        parser_.body_limit(kMostBody);
    }

    // Up to the header of the answer.
    core::Result<EngineResponse> ask() {
        if (auto opened = connection_.open(); !opened) {
            return core::error(host_.to_string() + ": " + opened.error().reason);
        }
        ErrorCode error;
        connection_.write(text_of(request_), error);
        if (!error) http::read_header(connection_, buffer_, parser_, error);
        if (error) return failure(error);
        const auto& header = parser_.get();
        return EngineResponse{header.result_int(), std::string(header["Api-Version"]), {}};
    }

    void wait_without_end() {
        connection_.wait_without_end();
        parser_.body_limit(boost::none);
    }

    core::Result<void> read(const Take& take) {
        std::vector<char> piece(kPiece);
        while (!parser_.is_done()) {
            auto& body = parser_.get().body();
            body.data = piece.data();
            body.size = piece.size();
            ErrorCode error;
            http::read_some(connection_, buffer_, parser_, error);
            const std::size_t bytes = piece.size() - body.size;
            if (bytes > 0) {
                if (auto taken = take({piece.data(), bytes}); !taken) return taken;
            }
            if (error && error != http::error::need_buffer) return failure(error);
        }
        return {};
    }

  private:
    core::Error failure(const ErrorCode& error) const {
        return core::error(host_.to_string() + ": " + request_.what() + ": " +
                           reason_of_failure(error, limits_));
    }

    const Host& host_;
    const EngineRequest& request_;
    const CallLimits& limits_;
    EngineConnection connection_;
    boost::beast::flat_buffer buffer_;
    http::response_parser<http::buffer_body> parser_;
};

// A loop or a socket cannot always be had: too many open files is an exception of Asio's.
template <class Act>
core::Result<EngineResponse> guarded(const Host& host, Act act) {
    try {
        return act();
    } catch (const boost::system::system_error& failure) {
        return core::error(host.to_string() + ": " + failure.what());
    }
}

}  // namespace

std::string text_of(const EngineRequest& request) {
    http::request<http::string_body> message;
    message.method_string(request.method);
    message.target(request.version + request.path +
                   (request.query.empty() ? "" : "?" + request.query));
    message.set(http::field::host, "docker");
    message.set(http::field::user_agent, "amba");
    message.set(http::field::connection, request.upgrade ? "Upgrade" : "close");
    if (request.upgrade) message.set(http::field::upgrade, "tcp");
    if (!request.registry_auth.empty()) message.set("X-Registry-Auth", request.registry_auth);
    // The Engine wants the type of a body alone.
    if (!request.body.empty()) message.set(http::field::content_type, "application/json");
    if (request.method != "GET") message.content_length(request.body.size());
    message.body() = request.body;
    std::ostringstream text;
    text << message;
    return text.str();
}

std::string reason_of_failure(const ErrorCode& error, const CallLimits& limits) {
    static const auto& http_errors = make_error_code(http::error::bad_version).category();
    if (error == boost::beast::error::timeout) {
        return "no answer within " + core::to_string(limits.time);
    }
    if (error == boost::asio::error::operation_aborted) return "given up";
    if (error == http::error::end_of_stream) return "the connection was closed, unanswered";
    if (error == http::error::partial_message) return "the answer ends early";
    if (error == http::error::body_limit) return "the answer is longer than 256 MB";
    if (error.category() == http_errors) {
        return "the answer is not HTTP as an Engine speaks it: " + error.message();
    }
    return error.message();
}

core::Result<EngineResponse> exchange(const Host& host, const EngineRequest& request,
                                      const CallLimits& limits) {
    return guarded(host, [&]() -> core::Result<EngineResponse> {
        Exchange one(host, request, limits);
        auto response = one.ask();
        if (!response) return response;
        const auto read = one.read([&](std::string_view bytes) -> core::Result<void> {
            response->body += bytes;
            return {};
        });
        if (!read) return read.error();
        return response;
    });
}

core::Result<EngineResponse> follow(const Host& host, const EngineRequest& request,
                                    const CallLimits& limits, const std::function<void()>& opened,
                                    const Take& take) {
    return guarded(host, [&]() -> core::Result<EngineResponse> {
        Exchange one(host, request, limits);
        auto response = one.ask();
        if (!response) return response;
        const bool follows = response->status == 200;
        if (follows) {
            one.wait_without_end();
            opened();
        }
        const auto read = one.read([&](std::string_view bytes) -> core::Result<void> {
            if (follows) return take(bytes);
            response->body += bytes;
            return {};
        });
        if (!read) return read.error();
        return response;
    });
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
