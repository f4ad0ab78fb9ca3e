#include "amba/core/endpoint.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <set>

using amba::core::Address;
using amba::core::Endpoint;
using amba::core::EndpointHash;
using amba::core::parse_port;

namespace {

Address address(const char* text) {
    return Address::parse(text).value();
}

}  // namespace

TEST(Address, IsReadAndPrintedInItsCanonicalForm) {
    const struct {
        const char* text;
        const char* printed;
        bool v6;
    } cases[] = {
        {"0.0.0.0", "0.0.0.0", false},
        {"127.127.0.2", "127.127.0.2", false},
        {"255.255.255.255", "255.255.255.255", false},
        {"::", "::", true},
        {"::1", "::1", true},
        {"2001:DB8:0:0:0:0:0:5", "2001:db8::5", true},
        {"fe80::1", "fe80::1", true},
        {"::ffff:10.0.0.5", "10.0.0.5", false},
        {"::FFFF:0A00:0005", "10.0.0.5", false},
        {"::ffff:0:0", "0.0.0.0", false},
        {"64:ff9b::10.0.0.5", "64:ff9b::a00:5", true},
    };
    for (const auto& c : cases) {
        const auto parsed = Address::parse(c.text);
        ASSERT_TRUE(parsed) << c.text;
        EXPECT_EQ(parsed->to_string(), c.printed) << c.text;
        EXPECT_EQ(parsed->is_v6(), c.v6) << c.text;
        EXPECT_EQ(Address::parse(parsed->to_string()), parsed) << c.text;
    }
}

TEST(Address, RefusesWhatIsNoLiteral) {
    using namespace std::string_view_literals;
    for (const auto text :
         {""sv, " "sv, "localhost"sv, "127.0.0"sv, "127.0.0.1.1"sv, "127.0.0.256"sv, "127.0.0.01"sv,
          "127.1"sv, "0x7f.0.0.1"sv, " 127.0.0.1"sv, "127.0.0.1 "sv, "[::1]"sv, "::1%eth0"sv,
          ":::"sv, "1::2::3"sv, "12345::"sv, "::1/64"sv, "127.0.0.1\0"sv, "::1\0x"sv}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
}

TEST(Address, MappedIsTheIPv4Address) {
    EXPECT_EQ(address("::ffff:10.0.0.5"), address("10.0.0.5"));
    EXPECT_EQ(address("10.0.0.5"), Address::v4({10, 0, 0, 5}));
    EXPECT_EQ(Address::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 5}),
              Address::v4({10, 0, 0, 5}));
    EXPECT_NE(address("::10.0.0.5"), address("10.0.0.5"));
    EXPECT_NE(address("::"), address("0.0.0.0"));
}

TEST(Address, LoopbackAndUnspecified) {
    for (const char* text :
         {"127.0.0.1", "127.127.0.2", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(address(text).is_loopback()) << text;
    }
    for (const char* text : {"128.0.0.1", "0.0.0.0", "10.0.0.5", "::", "::2", "1::1"}) {
        EXPECT_FALSE(address(text).is_loopback()) << text;
    }
    EXPECT_TRUE(address("::").is_unspecified());
    EXPECT_TRUE(Address().is_unspecified());
    EXPECT_EQ(Address(), address("0.0.0.0"));
    EXPECT_FALSE(address("::1").is_unspecified());
    EXPECT_FALSE(address("0.0.0.1").is_unspecified());
}

TEST(Address, ReachedByConnectingToTheUnspecifiedIsTheLoopback) {
    EXPECT_EQ(address("0.0.0.0").reached(), address("127.0.0.1"));
    EXPECT_EQ(address("::").reached(), address("::1"));
    EXPECT_EQ(address("10.0.0.5").reached(), address("10.0.0.5"));
    EXPECT_EQ(address("fe80::1").reached(), address("fe80::1"));
}

TEST(Endpoint, PrintsIPv6InBrackets) {
    EXPECT_EQ((Endpoint{address("127.127.0.2"), 6379}).to_string(), "127.127.0.2:6379");
    EXPECT_EQ((Endpoint{address("::1"), 80}).to_string(), "[::1]:80");
    EXPECT_EQ((Endpoint{address("::ffff:1.2.3.4"), 80}).to_string(), "1.2.3.4:80");
}

TEST(Endpoint, SurvivesSockaddr) {
    for (const char* text : {"127.127.0.2", "0.0.0.0", "::", "2001:db8::5"}) {
        const Endpoint endpoint{address(text), 6379};
        sockaddr_storage storage;
        const socklen_t length = endpoint.to_sockaddr(storage);
        EXPECT_EQ(length, endpoint.address.is_v6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
        EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&storage)), endpoint) << text;
    }
}

TEST(Endpoint, SockaddrIsInNetworkOrder) {
    sockaddr_storage storage;
    Endpoint{address("1.2.3.4"), 0x1234}.to_sockaddr(storage);
    sockaddr_in in;
    std::memcpy(&in, &storage, sizeof in);
    EXPECT_EQ(in.sin_family, AF_INET);
    EXPECT_EQ(in.sin_port, htons(0x1234));
    EXPECT_EQ(in.sin_addr.s_addr, htonl(0x01020304));
}

TEST(Endpoint, OfAMappedSockaddrIsIPv4) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(80);
    ASSERT_EQ(inet_pton(AF_INET6, "::ffff:10.0.0.5", &in.sin6_addr), 1);
    EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&in)).to_string(), "10.0.0.5:80");
    sockaddr local{};
    local.sa_family = AF_UNIX;
    EXPECT_EQ(Endpoint::from_sockaddr(&local), Endpoint{});
}

TEST(Endpoint, OrderAndHashFollowAddressAndPort) {
    const Endpoint a{address("10.0.0.5"), 80};
    const Endpoint b{address("10.0.0.5"), 81};
    const Endpoint c{address("::1"), 80};
    EXPECT_EQ((std::set<Endpoint>{a, b, c, a}).size(), 3u);
    EXPECT_EQ(EndpointHash{}(a), EndpointHash{}(Endpoint{address("::ffff:10.0.0.5"), 80}));
    EXPECT_NE(EndpointHash{}(a), EndpointHash{}(b));
}

TEST(Port, IsOneTo65535InDigitsAlone) {
    EXPECT_EQ(parse_port("1"), 1);
    EXPECT_EQ(parse_port("80"), 80);
    EXPECT_EQ(parse_port("0080"), 80);
    EXPECT_EQ(parse_port("65535"), 65535);
    for (const char* text : {"", "0", "65536", "70000", "99999999999999999999", "-1", "+80", " 80",
                             "80 ", "8o", "0x50", "http", "80.0"}) {
        EXPECT_FALSE(parse_port(text)) << text;
    }
}
