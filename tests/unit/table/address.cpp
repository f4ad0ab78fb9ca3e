#include "table/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "amba/table/words.hpp"

using namespace amba::table;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ParseBind, EveryForm) {
    const struct {
        const char* word;
        const char* printed;
        bool wildcard;
    } cases[] = {
        {"80", "*:80", true},
        {"*:80", "*:80", true},
        {":80", "*:80", true},
        {":::80", "*:80", true},
        {"[::]:80", "*:80", true},
        {"[0:0:0:0:0:0:0:0]:80", "*:80", true},
        {"127.127.0.2:6379", "127.127.0.2:6379", false},
        {"0.0.0.0:80", "0.0.0.0:80", false},
        {"[::1]:80", "[::1]:80", false},
        {"[FE80:0::1]:80", "[fe80::1]:80", false},
        {"[::ffff:127.0.0.1]:80", "127.0.0.1:80", false},
        {"1", "*:1", true},
        {"65535", "*:65535", true},
    };
    for (const auto& c : cases) {
        const auto bind = parse_bind(c.word);
        ASSERT_TRUE(bind) << c.word << ": " << bind.error().reason;
        EXPECT_EQ(bind->to_string(), c.printed) << c.word;
        EXPECT_EQ(bind->wildcard, c.wildcard) << c.word;
        const auto again = parse_bind(bind->to_string());
        ASSERT_TRUE(again) << c.word;
        EXPECT_EQ(*again, *bind) << c.word;
    }
}

TEST(ParseBind, ErrorQuotesTheWord) {
    const struct {
        const char* word;
        const char* reason;
    } cases[] = {
        {"", "is not a frontend; expected PORT, ADDRESS:PORT, [IPV6]:PORT or *:PORT"},
        {"0", "is not a frontend"},
        {"65536", "is not a frontend"},
        {"-1", "is not a frontend"},
        {"80 ", "is not a frontend"},
        {"www", "is not a frontend"},
        {"127.0.0.1", "is not a frontend"},
        {"127.0.0.1:", "is not a frontend"},
        {"127.0.0.1:0", "is not a frontend"},
        {"127.0.0.1:70000", "is not a frontend"},
        {"[::1]", "is not a frontend"},
        {"[::1]80", "is not a frontend"},
        {"localhost:80", ": \"localhost\" is not an address"},
        {"127.0.0.256:80", ": \"127.0.0.256\" is not an address"},
        {"[]:80", ": \"[]\" is not an address"},
        {"[::1:80", ": \"[::1\" is not an address"},
        {"**:80", ": \"**\" is not an address"},
        {"::1:80", "is ambiguous; expected [IPV6]:PORT"},
        {"::ffff:1.2.3.4:80", "is ambiguous; expected [IPV6]:PORT"},
        {"[127.0.0.1]:80", ": brackets are for IPv6 addresses"},
    };
    for (const auto& c : cases) {
        const auto bind = parse_bind(c.word);
        ASSERT_FALSE(bind) << c.word;
        EXPECT_THAT(bind.error().reason, StartsWith(quote(c.word))) << c.word;
        EXPECT_THAT(bind.error().reason, HasSubstr(c.reason)) << c.word;
    }
}

TEST(ParseBackendAddress, EveryForm) {
    const struct {
        const char* word;
        const char* printed;
        bool literal;
    } cases[] = {
        {"redis1:6379", "redis1:6379", false},
        {"my_project_redis-1.default.:6379", "my_project_redis-1.default.:6379", false},
        {"3com:80", "3com:80", false},
        {"1.2.3.4.example:80", "1.2.3.4.example:80", false},
        {"10.0.0.5:6379", "10.0.0.5:6379", true},
        {"[2001:DB8::0:5]:6379", "[2001:db8::5]:6379", true},
        {"[::ffff:10.0.0.5]:6379", "10.0.0.5:6379", true},
        {"srv:_redis._tcp.example", "srv:_redis._tcp.example", false},
        {"srv:redis.", "srv:redis.", false},
        {"srv:3com", "srv:3com", false},
        {"srv:6379", "srv:6379", false},  // port 6379 of a host that is called srv
    };
    for (const auto& c : cases) {
        const auto backend = parse_backend_address(c.word);
        ASSERT_TRUE(backend) << c.word << ": " << backend.error().reason;
        EXPECT_EQ(backend->to_string(), c.printed);
        EXPECT_EQ(backend->literal().has_value(), c.literal) << c.word;
    }
}

TEST(ParseBackendAddress, Service) {
    const auto service = parse_backend_address("srv:_redis._tcp.example");
    ASSERT_TRUE(service);
    EXPECT_TRUE(service->srv);
    EXPECT_EQ(service->host, "_redis._tcp.example");
    EXPECT_EQ(service->port, 0);
    const auto host = parse_backend_address("srv:6379");
    ASSERT_TRUE(host);
    EXPECT_FALSE(host->srv);
    EXPECT_EQ(host->port, 6379);
}

TEST(ParseBackendAddress, Errors) {
    const struct {
        const char* word;
        const char* reason;
    } cases[] = {
        {"", "\"\" has no port; expected HOST:PORT"},
        {"redis1", "\"redis1\" has no port; expected HOST:PORT"},
        {":80", "\":80\" has no host"},
        {"redis1:", "\"redis1:\" has the port \"\"; expected a number from 1 to 65535"},
        {"redis1:0", "\"redis1:0\" has the port \"0\""},
        {"redis1:http", "\"redis1:http\" has the port \"http\""},
        {"::1:80", "\"::1:80\" is ambiguous; expected [IPV6]:PORT"},
        {"www:80:81", "\"www:80:81\" is ambiguous"},
        {"80:81", "\"80\" is a number where a backend's host was expected"},
        {"1.2.3:80", "\"1.2.3\" is not an IPv4 address"},
        {"1.2.3.4.5:80", "\"1.2.3.4.5\" is not an IPv4 address"},
        {"[1.2.3.4]:80", "\"[1.2.3.4]\": brackets are for IPv6 addresses"},
        {"[::g]:80", "\"[::g]\" is not an IPv6 address"},
        {"[]:80", "\"[]\" is not an IPv6 address"},
        {"[www]:80", "\"[www]\" is not an IPv6 address"},
        {"a b:80", "\"a b\" is not a host; expected an address or a name"},
        {"http//www:80", "\"http//www\" is not a host"},
        {"-www:80", "\"-www\" is not a host"},
        {".www:80", "\".www\" is not a host"},
        {"w..w:80", "\"w..w\" is not a host"},
        {"w\xc3\xbcrm:80", "\"w\xc3\xbcrm\" is not a host"},
        {"a\nb:80", R"("a\x0ab" is not a host)"},
        {"srv:", "\"srv:\" is not a service; expected srv:NAME such as srv:_redis._tcp.example"},
        {"srv:10.0.0.5", "\"srv:10.0.0.5\" is not a service"},
        {"srv:1.2", "\"srv:1.2\" is not a service"},
        {"srv:[::1]", "\"srv:[::1]\" is not a service"},
        {"srv:_redis._tcp.example:6379", "\"srv:_redis._tcp.example:6379\" is not a service"},
        {"srv:a..b", "\"srv:a..b\" is not a service"},
        {"srv:-a", "\"srv:-a\" is not a service"},
    };
    for (const auto& c : cases) {
        const auto backend = parse_backend_address(c.word);
        ASSERT_FALSE(backend) << c.word;
        EXPECT_THAT(backend.error().reason, StartsWith(c.reason)) << c.word;
    }
    EXPECT_TRUE(parse_backend_address(std::string(253, 'a') + ":80"));
    EXPECT_FALSE(parse_backend_address(std::string(254, 'a') + ":80"));
    EXPECT_TRUE(parse_backend_address("srv:" + std::string(253, 'a')));
    EXPECT_FALSE(parse_backend_address("srv:" + std::string(254, 'a')));
}
