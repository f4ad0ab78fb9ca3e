#include <gmock/gmock.h>

#include "tests/unit/health/dialogue.hpp"

using namespace amba;
using health::verdict;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

core::Check check(core::CheckRole role = core::CheckRole::kAny) {
    core::Check out;
    out.type = core::CheckType::kRedis;
    out.role = role;
    return out;
}

const core::Check kAny = check();
const core::Check kPrimary = check(core::CheckRole::kPrimary);

}  // namespace

TEST(RedisCheck, AsksWithPing) {
    const auto heard = health::converse(kAny, {"+PONG\r\n"});
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_EQ(heard.sent, "PING\r\n");
}

TEST(RedisCheck, SelectsItsDatabase) {
    core::Check with_database = check();
    with_database.database = "3";
    const auto heard = health::converse(with_database, {"+OK\r\n", "+PONG\r\n"});
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_EQ(heard.sent, "SELECT 3\r\nPING\r\n");
    const auto secret = std::make_shared<health::Secret>("key");
    const auto after_login =
        health::converse(with_database, {"+OK\r\n", "+OK\r\n", "+PONG\r\n"}, secret);
    EXPECT_EQ(after_login.verdict, "alive");
    EXPECT_EQ(after_login.sent, "*2\r\n$4\r\nAUTH\r\n$3\r\nkey\r\nSELECT 3\r\nPING\r\n");
    const std::vector<std::string> no_such{"-ERR DB index is out of range\r\n"};
    EXPECT_EQ(health::converse(with_database, no_such).remark,
              "redis said \"-ERR DB index is out of range\" to check.database \"3\"");
    with_database.role = core::CheckRole::kPrimary;
    EXPECT_EQ(verdict(with_database, no_such),
              "redis said \"-ERR DB index is out of range\" to check.database \"3\"");
    EXPECT_THAT(verdict(with_database, {"-LOADING Redis is loading the dataset in memory\r\n"}),
                HasSubstr("LOADING"));
}

TEST(RedisCheck, AServerThatDoesNotServeAnybodyIsAlive) {
    for (const char* answer : {"-NOAUTH Authentication required.\r\n",
                               "-DENIED Redis is running in protected mode because ...\r\n",
                               "-ERR operation not permitted\r\n",
                               "-NOPERM this user has no permissions to run the 'ping' command\r\n",
                               "-MISCONF Redis is configured to save RDB snapshots, but ...\r\n"}) {
        EXPECT_EQ(verdict(kAny, {answer}), "alive") << answer;
    }
}

TEST(RedisCheck, AServerThatSaysItCannotServeFails) {
    EXPECT_EQ(verdict(kAny, {"-LOADING Redis is loading the dataset in memory\r\n"}),
              "redis said \"-LOADING Redis is loading the dataset in memory\"");
    EXPECT_THAT(verdict(kAny, {"-MASTERDOWN Link with MASTER is down\r\n"}),
                HasSubstr("MASTERDOWN"));
    EXPECT_THAT(verdict(kAny, {"-ERR max number of clients reached\r\n"}),
                HasSubstr("max number of clients"));
    EXPECT_THAT(verdict(kAny, {"-BUSY Redis is busy running a script.\r\n"}), HasSubstr("BUSY"));
    EXPECT_THAT(verdict(kAny, {"-NOAUTHX\r\n"}), HasSubstr("NOAUTHX"))
        << "not a code that is known";
}

TEST(RedisCheck, GarbageFailsAtOnce) {
    EXPECT_THAT(health::converse(kAny, {"HTTP/1.1 400 Bad Request\r\n"}, 0).verdict,
                StartsWith("redis said \"HTTP/1.1 400"));
    EXPECT_EQ(health::converse(kAny, {"HTTP/1.1 400 Bad Request\r\n"}, 1).verdict,
              "redis said \"H\"");
    EXPECT_THAT(health::converse(kAny, {std::string("\0\1\2", 3)}, 0).verdict,
                HasSubstr("\\x00\\x01\\x02"));
    EXPECT_EQ(verdict(kAny, {"+PONG"}), "more");
    EXPECT_THAT(verdict(kAny, {"+OK\r\n"}), HasSubstr("+OK"));
}

TEST(RedisCheck, APrimaryIsAskedForItsRole) {
    const auto heard =
        health::converse(kPrimary, {"+PONG\r\n", "*3\r\n$6\r\nmaster\r\n:3129659\r\n*0\r\n"});
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_EQ(heard.sent, "PING\r\nROLE\r\n");
    EXPECT_EQ(verdict(kPrimary, {"+PONG\r\n", "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n"}),
              "redis is \"slave\", not a primary");
    EXPECT_THAT(verdict(kPrimary, {"+PONG\r\n", "*2\r\n$8\r\nsentinel\r\n"}),
                HasSubstr("sentinel"));
}

TEST(RedisCheck, APrimaryThatDoesNotSayFails) {
    EXPECT_THAT(verdict(kPrimary, {"-NOAUTH Authentication required.\r\n"}),
                HasSubstr("role=primary needs"));
    EXPECT_THAT(verdict(kPrimary, {"+PONG\r\n", "-NOPERM no permissions to run 'role'\r\n"}),
                HasSubstr("role=primary needs"));
    EXPECT_THAT(verdict(kPrimary, {"-LOADING\r\n"}), HasSubstr("LOADING"));
    EXPECT_THAT(verdict(kPrimary, {"+PONG\r\n", "+master\r\n"}), HasSubstr("+master"));
    EXPECT_THAT(verdict(kPrimary, {"+PONG\r\n", "*1\r\n:6\r\nmaster\r\n"}), HasSubstr(":6"));
    EXPECT_EQ(verdict(kPrimary, {"+PONG\r\n", "*3\r\n$6\r\nmast"}), "more");
}

TEST(RedisCheck, APasswordComesFirst) {
    const auto secret = std::make_shared<health::Secret>("s e\tcret");
    const auto heard = health::converse(kAny, {"+OK\r\n+PONG\r\n"}, secret);
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_EQ(heard.remark, "");
    EXPECT_EQ(heard.sent, "*2\r\n$4\r\nAUTH\r\n$8\r\ns e\tcret\r\nPING\r\n");
    core::Check named = kPrimary;
    named.user = "monitor";
    const auto primary =
        health::converse(named, {"+OK\r\n", "+PONG\r\n", "*3\r\n$6\r\nmaster\r\n"}, secret);
    EXPECT_EQ(primary.verdict, "alive");
    EXPECT_THAT(primary.sent, StartsWith("*3\r\n$4\r\nAUTH\r\n$7\r\nmonitor\r\n$8\r\n"));
}

TEST(RedisCheck, APasswordThatIsNotWantedDoesNotMatter) {
    const auto secret = std::make_shared<health::Secret>("secret");
    for (const char* answer :
         {"-ERR Client sent AUTH, but no password is set\r\n+PONG\r\n",
          "-ERR AUTH <password> called without any password configured for the default user. Are "
          "you sure your configuration is correct?\r\n+PONG\r\n"}) {
        const auto heard = health::converse(kAny, {answer}, secret);
        EXPECT_EQ(heard.verdict, "alive");
        EXPECT_EQ(heard.remark, "");
    }
}

TEST(RedisCheck, APasswordThatIsRefusedIsTold) {
    const auto secret = std::make_shared<health::Secret>("secret");
    const std::string refusal = "-WRONGPASS invalid username-password pair\r\n";
    const auto any = health::converse(kAny, {refusal}, secret);
    EXPECT_EQ(any.verdict, "alive");
    EXPECT_EQ(any.remark, "redis said \"-WRONGPASS\" to the password of its check");
    EXPECT_THAT(health::converse(kPrimary, {refusal}, secret).verdict, HasSubstr("WRONGPASS"));
    EXPECT_THAT(health::converse(kAny, {"-LOADING wait\r\n"}, secret).verdict,
                HasSubstr("LOADING"));
    for (const std::string& said : {std::string("-ERR unknown command, with args `secret`\r\n"),
                                    std::string("-WHAT secret\r\n"), std::string("secret\r\n")}) {
        const auto heard = health::converse(kAny, {said}, 0, secret);
        if (said != "secret\r\n") {
            EXPECT_EQ((heard.verdict + heard.remark).find("secret"), std::string::npos);
        }
    }
}
