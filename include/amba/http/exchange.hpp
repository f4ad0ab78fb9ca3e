// Exchange: a request and its response over a connection, HTTP/1.1 (RFC 9112).
//
//   http::Exchange exchange(connection);
//   exchange.ask(request, error);
//   while (!error && !exchange.is_done()) body += exchange.read_some(error);
//
// Errors are those of the connection, and of Beast (http::error) where what comes is not HTTP or
// ends early. A status is no error.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string_view>
#include <vector>

#include "amba/http/client_connection.hpp"

namespace amba::http {

using Request = boost::beast::http::request<boost::beast::http::string_body>;

class Exchange {
  public:
    using ErrorCode = ClientConnection::ErrorCode;

    // The response has a header of at most 64 KB and a body of at most 256 MB. Keeps a reference.
    explicit Exchange(ClientConnection& connection);

    // Returns with the header of the response.
    void ask(const Request& request, ErrorCode& error);

    // What follows is for after a request that has gone well.
    const boost::beast::http::response_header<>& header() const { return parser_.get(); }
    // From now on the body may be of any length.
    void expect_no_end() { parser_.body_limit(boost::none); }
    bool is_done() const { return parser_.is_done(); }  // the body is whole
    // More of the body, as it comes; valid until the next call. May be empty, and may come with an
    // error.
    std::string_view read_some(ErrorCode& error);
    // What has come after the header: the beginning of another protocol, when the response has
    // switched to one.
    std::string_view after_header() const;

  private:
    ClientConnection& connection_;
    boost::beast::flat_buffer buffer_;
    boost::beast::http::response_parser<boost::beast::http::buffer_body> parser_;
    std::vector<char> piece_;
};

}  // namespace amba::http
