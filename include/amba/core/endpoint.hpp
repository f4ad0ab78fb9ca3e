// Endpoint: an IPv4 or IPv6 address with a port, as a value.
//
// An IPv4-mapped IPv6 address (::ffff:a.b.c.d) is the IPv4 address: a dual-stack listener and a
// backend list then speak of one client and one server in the same words.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace amba::core {

class Address {
  public:
    Address() = default;  // 0.0.0.0
    static Address v4(std::array<std::uint8_t, 4> bytes);
    static Address v6(const std::array<std::uint8_t, 16>& bytes);
    // A literal without brackets or zone; nullopt for anything else, names included.
    static std::optional<Address> parse(std::string_view text);

    bool is_v6() const { return v6_; }
    bool is_loopback() const;     // 127.0.0.0/8 or ::1
    bool is_unspecified() const;  // 0.0.0.0 or ::
    Address reached() const;      // where a connect to it arrives: loopback for an unspecified one
    const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    std::string to_string() const;

    auto operator<=>(const Address&) const = default;

  private:
    bool v6_ = false;
    std::array<std::uint8_t, 16> bytes_{};  // an IPv4 address fills the first four
};

struct Endpoint {
    Address address;
    std::uint16_t port = 0;

    static Endpoint from_sockaddr(const sockaddr* address);
    // Fills `out` and returns the length that bind(2) and connect(2) want.
    socklen_t to_sockaddr(sockaddr_storage& out) const;
    std::string to_string() const;  // a.b.c.d:port or [v6]:port

    auto operator<=>(const Endpoint&) const = default;
};

struct EndpointHash {
    std::size_t operator()(const Endpoint& endpoint) const;
};

// 1-65535 in decimal digits alone; nullopt for anything else.
std::optional<std::uint16_t> parse_port(std::string_view text);

}  // namespace amba::core
