// Beast's serializer and parser over a connection.
#include "amba/http/exchange.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <sstream>

namespace amba::http {

namespace beast = boost::beast;

namespace {

constexpr std::uint32_t kMostHeader = 64 * 1024;
constexpr std::uint64_t kMostBody = std::uint64_t{256} << 20;
constexpr std::size_t kPiece = 64 * 1024;

}  // namespace

Exchange::Exchange(ClientConnection& connection) : connection_(connection) {
    parser_.header_limit(kMostHeader);
    parser_.body_limit(kMostBody);
    buffer_.reserve(kPiece);  // Beast reads as much as there is room for, and 512 bytes else
}

// In one write: a body in another one would wait for TCP's acknowledgement of the header (Nagle).
void Exchange::ask(const Request& request, ErrorCode& error) {
    std::ostringstream text;
    text << request;
    connection_.write(text.str(), error);
    if (!error) beast::http::read_header(connection_, buffer_, parser_, error);
}

std::string_view Exchange::read_some(ErrorCode& error) {
    piece_.resize(kPiece);
    auto& body = parser_.get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    beast::http::read_some(connection_, buffer_, parser_, error);
    if (error == beast::http::error::need_buffer) error = {};
    return {piece_.data(), piece_.size() - body.size};
}

std::string_view Exchange::after_header() const {
    return {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
}

}  // namespace amba::http
