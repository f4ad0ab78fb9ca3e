#include <gmock/gmock.h>

#include "tests/unit/health/talk.hpp"

using namespace amba;
using health::verdict;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

core::Check check(const std::string& user = {}) {
    core::Check out;
    out.type = core::CheckType::kMysql;
    out.user = user;
    return out;
}

std::string packet(int count, const std::string& body) {
    std::string out;
    out += static_cast<char>(body.size() & 0xff);
    out += static_cast<char>(body.size() >> 8);
    out += '\0';
    out += static_cast<char>(count);
    return out + body;
}

std::string error(int count, int code, const std::string& rest) {
    return packet(count, std::string("\xff") + static_cast<char>(code & 0xff) +
                             static_cast<char>(code >> 8) + rest);
}

std::string switch_to(int count, const std::string& method) {
    return packet(count, "\xfe" + method + std::string(1, '\0') + std::string(20, 's') +
                             std::string(1, '\0'));
}

const std::string kGreeting = packet(0,
                                     "\x0a"
                                     "5.5.5-10.11.6-MariaDB" +
                                         std::string(60, '\0'));
const std::string kOk = packet(2, std::string("\0\0\0\2\0\0\0", 7));
const std::string kQuit{"\1\0\0\0\1", 5};

}  // namespace

TEST(MysqlCheck, LogsInAndQuits) {
    const auto heard = health::converse(check(), {kGreeting, kOk});
    EXPECT_EQ(heard.verdict, "alive");
    const std::string login = std::string("\x01\x82\x08\0\0\0\0\1\x21", 9) + std::string(23, '\0') +
                              std::string("amba\0\0mysql_native_password\0", 28);
    EXPECT_EQ(heard.sent, packet(1, login) + kQuit);
    EXPECT_THAT(health::converse(check("monitor"), {kGreeting, kOk}).sent, HasSubstr("monitor"));
}

TEST(MysqlCheck, ARefusedLoginIsAlive) {
    const auto heard = health::converse(
        check(), {kGreeting, error(2, 1045, "#28000Access denied for user 'amba'@'localhost'")});
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_THAT(heard.sent, Not(EndsWith(kQuit))) << "the server has closed";
}

TEST(MysqlCheck, AnswersEachMethodInItsLength) {
    const std::pair<const char*, std::size_t> methods[] = {
        {"mysql_native_password", 0}, {"caching_sha2_password", 1}, {"client_ed25519", 64}};
    for (const auto& [method, length] : methods) {
        const auto heard = health::converse(check(), {kGreeting, switch_to(2, method), kOk});
        EXPECT_EQ(heard.verdict, "alive") << method;
        EXPECT_THAT(heard.sent, EndsWith(packet(3, std::string(length, '\0')) + kQuit)) << method;
    }
    EXPECT_EQ(verdict(check(),
                      {kGreeting, switch_to(2, "caching_sha2_password"), packet(4, "\1\3"), kOk}),
              "alive");
    EXPECT_THAT(
        verdict(check(), {kGreeting, switch_to(2, "caching_sha2_password"), packet(4, "\1\4")}),
        HasSubstr("expected a user without one"));
}

TEST(MysqlCheck, AServerThatSaysItCannotServeFails) {
    EXPECT_EQ(verdict(check(), {error(0, 1129, "Host '10.0.0.1' is blocked")}),
              "mysql said \"Host '10.0.0.1' is blocked\" (1129)");
    EXPECT_EQ(verdict(check(), {error(0, 1040, "#08004Too many connections")}),
              "mysql said \"Too many connections\" (1040)");
    EXPECT_EQ(verdict(check(), {kGreeting, error(2, 1040, "#08004Too many connections")}),
              "mysql said \"Too many connections\" (1040)");
}

TEST(MysqlCheck, WhatIsNotMysqlFails) {
    for (const std::string& answer :
         {std::string("HTTP/1.1 400 Bad Request\r\n"), std::string("+PONG\r\n"),
          packet(0,
                 "\x09"
                 "3.23"),
          packet(1,
                 "\x0a"
                 "8.0"),
          packet(0, ""), packet(0, "\xff"), std::string("\0\0\0\0", 4)}) {
        EXPECT_THAT(verdict(check(), {answer}), StartsWith("not a MySQL answer: \"")) << answer;
    }
    EXPECT_EQ(verdict(check(), {kGreeting.substr(0, 20)}), "more");
    EXPECT_THAT(verdict(check(), {kGreeting, packet(2, "?")}), StartsWith("not a MySQL answer"));
}
