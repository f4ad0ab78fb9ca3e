// HOST:PORT, [V6]:PORT, PORT and srv:NAME, with an error that says what was expected.
#include "table/address.hpp"

#include <algorithm>

#include "amba/table/words.hpp"

namespace amba::table {

using core::Address;
using core::error;
using core::Result;

namespace {

std::string_view without_brackets(std::string_view word) {
    if (word.size() >= 2 && word.front() == '[' && word.back() == ']') {
        return word.substr(1, word.size() - 2);
    }
    return word;
}

// RFC 1123 names, and the underscores that Compose puts into them.
bool is_name(std::string_view word) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !word.empty() && word.size() <= 253 && word.front() != '.' && word.front() != '-' &&
           word.find("..") == std::string_view::npos &&
           word.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool digits_and_dots(std::string_view word) {
    return word.find_first_not_of("0123456789.") == std::string_view::npos;
}

Result<std::uint16_t> port_of(std::string_view word, std::string_view port) {
    if (const auto parsed = core::parse_port(port)) return *parsed;
    return error(quote(word) + " has the port " + quote(port) +
                 "; expected a number from 1 to 65535");
}

constexpr std::string_view kService = "srv:";

Result<Backend> parse_service(std::string_view word) {
    const std::string_view name = word.substr(kService.size());
    if (!is_name(name) || digits_and_dots(name)) {
        return error(quote(word) +
                     " is not a service; expected srv:NAME such as srv:_redis._tcp.example, "
                     "whose SRV records have the ports");
    }
    Backend backend;
    backend.host = name;
    backend.srv = true;
    return backend;
}

}  // namespace

bool is_service(std::string_view word) {
    if (!word.starts_with(kService)) return false;
    const std::string_view name = word.substr(kService.size());
    return name.empty() || name.find_first_not_of("0123456789") != std::string_view::npos;
}

Result<std::string> parse_host(std::string_view word) {
    const std::string_view bare = without_brackets(word);
    if (const auto address = Address::parse(bare)) {
        if (bare.size() != word.size() && bare.find(':') == std::string_view::npos) {
            return error(quote(word) + ": brackets are for IPv6 addresses");
        }
        return address->to_string();
    }
    if (!word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos) {
        return error(quote(word) + " is a number where a backend's host was expected");
    }
    if (!word.empty() && digits_and_dots(word)) {
        return error(quote(word) + " is not an IPv4 address; expected four numbers from 0 to 255");
    }
    if (word.find(':') != std::string_view::npos || word.find('[') != std::string_view::npos) {
        return error(quote(word) + " is not an IPv6 address");
    }
    if (!is_name(word)) {
        return error(quote(word) + " is not a host; expected an address or a name");
    }
    return std::string(word);
}

Result<Backend> parse_backend_address(std::string_view word) {
    if (is_service(word)) return parse_service(word);
    const std::size_t colon = word.rfind(':');
    if (colon == std::string_view::npos) {
        return error(quote(word) + " has no port; expected HOST:PORT");
    }
    const std::string_view host = word.substr(0, colon);
    if (host.empty()) return error(quote(word) + " has no host; expected HOST:PORT");
    const bool bracketed = host.front() == '[' && host.back() == ']';
    if (!bracketed && host.find(':') != std::string_view::npos) {
        return error(quote(word) + " is ambiguous; expected [IPV6]:PORT");
    }
    auto parsed = parse_host(host);
    if (!parsed) return parsed.error();
    const auto port = port_of(word, word.substr(colon + 1));
    if (!port) return port.error();
    Backend backend;
    backend.host = std::move(*parsed);
    backend.port = *port;
    return backend;
}

Result<Bind> parse_bind(std::string_view word) {
    const std::size_t colon = word.rfind(':');
    const std::string_view host =
        colon == std::string_view::npos ? std::string_view() : word.substr(0, colon);
    const std::string_view digits = colon == std::string_view::npos ? word : word.substr(colon + 1);
    const auto port = core::parse_port(digits);
    if (!port) {
        return error(quote(word) +
                     " is not a frontend; expected PORT, ADDRESS:PORT, "
                     "[IPV6]:PORT or *:PORT, the port from 1 to 65535");
    }
    const Bind wildcard{true, {Address::v6({}), *port}};
    if (host.empty() || host == "*" || host == "::" || host == "[::]") return wildcard;
    const std::string_view bare = without_brackets(host);
    const auto address = Address::parse(bare);
    if (!address) {
        return error(quote(word) + ": " + quote(host) +
                     " is not an address; a frontend listens on an address of this host, "
                     "such as 127.127.0.2:" +
                     std::string(digits));
    }
    const bool bracketed = bare.size() != host.size();
    if (bracketed != (bare.find(':') != std::string_view::npos)) {
        return error(quote(word) + (bracketed ? ": brackets are for IPv6 addresses"
                                              : " is ambiguous; expected [IPV6]:PORT"));
    }
    if (address->is_v6() && address->is_unspecified()) return wildcard;  // [::] at length
    return Bind{false, {*address, *port}};
}

}  // namespace amba::table
