#include <gmock/gmock.h>

#include "tests/unit/health/dialogue.hpp"

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

std::string unhex(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2)
        out += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
    return out;
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
}

// The salt is that of the greeting, or of the method that the server changes to.
TEST(MysqlCheck, ProvesItsPassword) {
    const auto secret = std::make_shared<health::Secret>("secret");
    const std::string version = std::string("\x0a") + "5.5.5-10.11.6-MariaDB" + '\0';
    const std::string greeting =
        packet(0, version + "thrd" + std::string(8, 's') + std::string(19, '\0') +
                      std::string(12, 's') + '\0' + "mysql_native_password" + '\0');
    // As Python's hashlib computes them, of "secret" and 20 times "s".
    const std::string native = unhex("20968830e6107dcc66e3b419d6bf0b2db81cc70c");
    const std::string caching =
        unhex("a8cec38e4597c5820e81a95a659ef9566410339f54bbf09d4ea84865fafa94df");
    const auto heard = health::converse(check("app"), {greeting, kOk}, secret);
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_EQ(heard.remark, "");
    const std::string login = std::string("\x01\x82\x08\0\0\0\0\1\x21", 9) + std::string(23, '\0') +
                              std::string("app\0\x14", 5) + native +
                              std::string("mysql_native_password\0", 22);
    EXPECT_EQ(heard.sent, packet(1, login) + kQuit);
    EXPECT_THAT(health::converse(check("app"),
                                 {kGreeting, switch_to(2, "mysql_native_password"), kOk}, secret)
                    .sent,
                EndsWith(packet(3, native) + kQuit));
    EXPECT_THAT(health::converse(check("app"),
                                 {kGreeting, switch_to(2, "caching_sha2_password"),
                                  packet(4, "\1\3"), packet(5, kOk.substr(4))},
                                 secret)
                    .sent,
                EndsWith(packet(3, caching) + kQuit));
}

TEST(MysqlCheck, SaysThatItsPasswordIsNotAccepted) {
    const auto secret = std::make_shared<health::Secret>("secret");
    const auto remark = [&](const std::vector<std::string>& answers) {
        const auto heard = health::converse(check("app"), answers, secret);
        EXPECT_EQ(heard.verdict, "alive");
        EXPECT_THAT(heard.sent, Not(HasSubstr("secret")));
        return heard.remark;
    };
    const std::string denied = "#28000Access denied for user 'app'";
    EXPECT_EQ(remark({kGreeting, error(2, 1045, denied)}),
              "mysql said 1045 to the password of its check");
    EXPECT_EQ(remark({kGreeting, switch_to(2, "client_ed25519"), error(4, 1045, denied)}),
              "mysql asks for a way to log in other than mysql_native_password and "
              "caching_sha2_password");
    EXPECT_EQ(remark({kGreeting, switch_to(2, "caching_sha2_password"), packet(4, "\1\4"),
                      error(6, 1045, denied)}),
              "mysql asks for the password itself, which a check does not send");
    EXPECT_EQ(health::converse(check("app"),
                               {kGreeting, error(2, 1040, "#08004Too many connections")}, secret)
                  .verdict,
              "mysql said \"Too many connections\" (1040)");
}

TEST(MysqlCheck, AsksForItsDatabase) {
    core::Check with_database = check("app");
    with_database.database = "shop";
    const auto heard = health::converse(with_database, {kGreeting, kOk});
    EXPECT_EQ(heard.sent,
              packet(1, std::string("\x09\x82\x08\0\0\0\0\1\x21", 9) + std::string(23, '\0') +
                            std::string("app\0\0shop\0mysql_native_password\0", 32)) +
                  kQuit);
    const auto unknown = health::converse(
        with_database, {kGreeting, error(2, 1049, "#42000Unknown database 'shop'")});
    EXPECT_EQ(unknown.verdict, "alive");
    EXPECT_EQ(unknown.remark, "mysql said 1049 to check.database \"shop\"");
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
