#include "amba/core/bind.hpp"

#include <gtest/gtest.h>

using amba::core::Address;
using amba::core::Bind;
using amba::core::Endpoint;

namespace {

Endpoint at(const char* address, std::uint16_t port = 80) {
    return {Address::parse(address).value(), port};
}
Bind on(const char* address, std::uint16_t port = 80) {
    return {false, at(address, port)};
}
Bind everywhere(std::uint16_t port = 80) {
    return {true, at("::", port)};
}

}  // namespace

TEST(Bind, Prints) {
    EXPECT_EQ(everywhere().to_string(), "*:80");
    EXPECT_EQ(on("127.127.0.2", 6379).to_string(), "127.127.0.2:6379");
    EXPECT_EQ(on("::1").to_string(), "[::1]:80");
    EXPECT_EQ(on("0.0.0.0").to_string(), "0.0.0.0:80");
}

TEST(Bind, Overlaps) {
    const struct {
        Bind a, b;
        bool overlap;
    } cases[] = {
        {everywhere(), everywhere(), true},
        {everywhere(), on("127.127.0.2"), true},
        {everywhere(), on("::1"), true},
        {everywhere(), on("0.0.0.0"), true},
        {everywhere(80), everywhere(81), false},
        {everywhere(80), on("127.127.0.2", 81), false},
        {on("127.127.0.2"), on("127.127.0.2"), true},
        {on("127.127.0.2"), on("127.127.0.3"), false},
        {on("127.127.0.2", 80), on("127.127.0.2", 81), false},
        {on("0.0.0.0"), on("127.127.0.2"), true},
        {on("0.0.0.0"), on("::1"), false},
        {on("::1"), on("::1"), true},
        {on("::1"), on("::2"), false},
    };
    for (const auto& c : cases) {
        const std::string pair = c.a.to_string() + " and " + c.b.to_string();
        EXPECT_EQ(c.a.overlaps(c.b), c.overlap) << pair;
        EXPECT_EQ(c.b.overlaps(c.a), c.overlap) << pair << " the other way";
    }
}

TEST(Bind, Receives) {
    const struct {
        Bind bind;
        Endpoint target;
        bool receives;
    } cases[] = {
        {on("127.127.0.2"), at("127.127.0.2"), true},
        {on("127.127.0.2"), at("127.127.0.2", 81), false},
        {on("127.127.0.2"), at("127.0.0.1"), false},
        {on("127.0.0.1"), at("0.0.0.0"), true},
        {on("127.127.0.2"), at("0.0.0.0"), false},  // 0.0.0.0 leads to 127.0.0.1 alone
        {on("::1"), at("::"), true},
        {on("::1"), at("0.0.0.0"), false},
        {on("10.0.0.5"), at("0.0.0.0"), false},
        {everywhere(), at("127.127.0.9"), true},
        {everywhere(), at("::1"), true},
        {everywhere(), at("0.0.0.0"), true},
        {everywhere(), at("::"), true},
        {everywhere(), at("10.0.0.5"), false},
        {everywhere(), at("127.0.0.1", 81), false},
        {on("0.0.0.0"), at("127.127.0.9"), true},
        {on("0.0.0.0"), at("::1"), false},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(c.bind.receives(c.target), c.receives)
            << c.bind.to_string() << " <- " << c.target.to_string();
    }
}

TEST(Bind, ReceivesOnTheAddressesOfThisHost) {
    const std::vector<Address> local{*Address::parse("172.17.0.2"), *Address::parse("fd00::2")};
    EXPECT_TRUE(everywhere().receives(at("172.17.0.2"), local));
    EXPECT_TRUE(everywhere().receives(at("fd00::2"), local));
    EXPECT_FALSE(everywhere().receives(at("172.17.0.3"), local));
    EXPECT_TRUE(on("0.0.0.0").receives(at("172.17.0.2"), local));
    EXPECT_FALSE(on("0.0.0.0").receives(at("fd00::2"), local));
    EXPECT_FALSE(on("127.127.0.2").receives(at("172.17.0.2"), local));
}
