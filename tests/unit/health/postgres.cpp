#include <gmock/gmock.h>

#include "amba/files/digest.hpp"
#include "tests/unit/health/dialogue.hpp"

using namespace amba;
using health::verdict;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

core::Check check(core::CheckRole role = core::CheckRole::kAny) {
    core::Check out;
    out.type = core::CheckType::kPostgres;
    out.user = "amba";
    out.role = role;
    return out;
}

const core::Check kAny = check();
const core::Check kPrimary = check(core::CheckRole::kPrimary);

std::string bytes(std::initializer_list<int> values) {
    std::string out;
    for (const int value : values)
        out += static_cast<char>(value);
    return out;
}

std::string message(char kind, const std::string& body) {
    const auto length = static_cast<int>(body.size() + 4);
    return kind + bytes({0, 0, length >> 8, length & 0xff}) + body;
}

std::string error(const std::string& code, const std::string& text) {
    const std::string nul(1, '\0');
    return message('E',
                   "SFATAL" + nul + "VFATAL" + nul + "C" + code + nul + "M" + text + nul + nul);
}

const std::string kLetIn = message('R', bytes({0, 0, 0, 0}));
const std::string kPassword = message('R', bytes({0, 0, 0, 10}) + "SCRAM-SHA-256");
const std::string kGreeting =
    kLetIn + message('S', "server_version") + message('K', "12345678") + message('Z', "I");
const std::string kMechanisms{"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0", 34};
const std::string kGoodbye = message('X', "");

std::string recovery(char answer) {
    return message('T', "...") + message('D', bytes({0, 1, 0, 0, 0, 1}) + answer) +
           message('C', "SELECT 1") + message('Z', "I");
}

}  // namespace

TEST(PostgresCheck, AsksForItsDatabase) {
    core::Check named;
    named.type = core::CheckType::kPostgres;
    named.user = "monitor";
    const std::string zero(1, '\0');
    EXPECT_THAT(health::converse(named, {}).sent,
                HasSubstr("database" + zero + "postgres" + zero + "application_name" + zero));
    named.database = "shop";
    EXPECT_THAT(health::converse(named, {}).sent,
                HasSubstr("database" + zero + "shop" + zero + "application_name" + zero));
    named.user = "";
    EXPECT_THAT(health::converse(named, {}).sent,
                HasSubstr("user" + zero + "amba" + zero + "database" + zero + "shop" + zero));
}

TEST(PostgresCheck, StartsASession) {
    const auto heard = health::converse(kAny, {kGreeting});
    EXPECT_EQ(heard.verdict, "alive");
    const std::string words{"user\0amba\0database\0postgres\0application_name\0amba\0\0", 51};
    EXPECT_EQ(heard.sent, bytes({0, 0, 0, 59, 0, 3, 0, 0}) + words + kGoodbye);
    core::Check other = kAny;
    other.user = "monitor";
    EXPECT_THAT(health::converse(other, {kPassword}).sent, HasSubstr("monitor"));
}

TEST(PostgresCheck, WithoutAUserNobodyIsNamed) {
    core::Check nobody = kAny;
    nobody.user = "";
    for (const char* answer : {"S", "N"}) {
        const auto heard = health::converse(nobody, {answer});
        EXPECT_EQ(heard.verdict, "alive");
        EXPECT_EQ(heard.sent, bytes({0, 0, 0, 8, 4, 210, 22, 47}));
    }
    EXPECT_THAT(health::converse(nobody, {"E\0\0"}, 0).verdict,
                StartsWith("not a PostgreSQL answer"));
    EXPECT_THAT(verdict(nobody, {"HTTP/1.1 400"}), StartsWith("not a PostgreSQL answer: \"H"));
    core::Check primary = kPrimary;
    primary.user = "";
    EXPECT_THAT(health::converse(primary, {kGreeting, recovery('f')}).sent, HasSubstr("amba"))
        << "which takes a session";
}

TEST(PostgresCheck, AServerThatAsksForAPasswordIsAlive) {
    const auto heard = health::converse(kAny, {kPassword});
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_THAT(heard.sent, Not(EndsWith(kGoodbye))) << "it expects a password message";
}

TEST(PostgresCheck, AServerThatRefusesTheUserIsAlive) {
    EXPECT_EQ(verdict(kAny, {error("28000", "role \"amba\" does not exist")}), "alive");
    EXPECT_EQ(verdict(kAny, {kLetIn, error("3D000", "database \"postgres\" does not exist")}),
              "alive");
    EXPECT_EQ(verdict(kAny, {error("57P03", "the database system is starting up")}),
              "postgres said \"the database system is starting up\" (57P03)");
}

TEST(PostgresCheck, APrimaryIsAskedWhetherItRecovers) {
    const auto heard = health::converse(kPrimary, {kGreeting, recovery('f')});
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_THAT(heard.sent, HasSubstr("SELECT pg_catalog.pg_is_in_recovery()"));
    EXPECT_THAT(heard.sent, EndsWith(kGoodbye));
    const auto standby = health::converse(kPrimary, {kGreeting, recovery('t')});
    EXPECT_EQ(standby.verdict, "postgres is in recovery, not a primary");
    EXPECT_THAT(health::converse(kPrimary, {kGreeting, recovery('f').substr(0, 25)}).verdict,
                "more")
        << "not before the server is ready again";
}

TEST(PostgresCheck, APrimaryThatDoesNotSayFails) {
    EXPECT_THAT(verdict(kPrimary, {kPassword}), HasSubstr("pg_hba.conf trusts"));
    EXPECT_THAT(verdict(kPrimary, {error("28000", "no role")}), HasSubstr("(28000)"));
    EXPECT_THAT(verdict(kPrimary, {kGreeting, error("57014", "canceled")}), HasSubstr("canceled"));
    EXPECT_THAT(verdict(kPrimary, {kGreeting, message('C', "SELECT 0") + message('Z', "I")}),
                HasSubstr("did not say"));
}

TEST(PostgresCheck, LogsInWithThePasswordInTheWayThatIsAskedFor) {
    const auto secret = std::make_shared<health::Secret>("secret");
    const std::string nul(1, '\0');
    const std::string cleartext = message('R', bytes({0, 0, 0, 3}));
    const auto heard = health::converse(kPrimary, {cleartext, kGreeting, recovery('f')}, secret);
    EXPECT_EQ(heard.verdict, "alive");
    EXPECT_THAT(heard.sent, HasSubstr(message('p', "secret" + nul)));
    const std::string md5 = message('R', bytes({0, 0, 0, 5, 1, 2, 3, 4}));
    const std::string proof = files::md5_hex(files::md5_hex("secretamba") + "\1\2\3\4");
    EXPECT_THAT(health::converse(kAny, {md5, kGreeting}, secret).sent,
                EndsWith(message('p', "md5" + proof + nul) + kGoodbye));
    core::Check nobody = kAny;
    nobody.user = "";
    EXPECT_EQ(health::converse(nobody, {cleartext, kGreeting}, secret).verdict, "alive")
        << "amba is who logs in";
}

// As the nonce is another one each time.
TEST(PostgresCheck, AServerThatDoesNotKnowThePasswordFails) {
    for (const bool knows : {true, false}) {
        const auto secret = std::make_shared<health::Secret>("secret");
        const auto talk = health::postgres_dialogue(kAny, secret);
        std::string heard = message('R', bytes({0, 0, 0, 10}) + kMechanisms);
        const std::string first = talk->hear(heard).send;
        const std::string bare = first.substr(first.find("n,,") + 3);
        const std::string nonce = bare.substr(5) + "more";
        const std::string asked = "r=" + nonce + ",s=c2FsdA==,i=2";
        heard = message('R', bytes({0, 0, 0, 11}) + asked);
        EXPECT_THAT(talk->hear(heard).send, HasSubstr("c=biws,r=" + nonce + ",p="));
        const std::string key =
            files::hmac_sha256(files::hi(knows ? "secret" : "other", "salt", 2), "Server Key");
        const std::string all = bare + "," + asked + ",c=biws,r=" + nonce;
        const std::string proof = files::base64(files::hmac_sha256(key, all));
        heard = message('R', bytes({0, 0, 0, 12}) + "v=" + proof) + kGreeting;
        const health::Step step = talk->hear(heard);
        EXPECT_EQ(step.kind, knows ? health::Step::Kind::kAlive : health::Step::Kind::kFailed);
        EXPECT_EQ(step.reason,
                  knows ? "" : "postgres lets its check in without knowing the password");
    }
    const auto secret = std::make_shared<health::Secret>("secret");
    const auto talk = health::postgres_dialogue(kAny, secret);
    std::string heard = message('R', bytes({0, 0, 0, 10}) + kMechanisms);
    talk->hear(heard);
    heard = kLetIn;
    EXPECT_EQ(talk->hear(heard).kind, health::Step::Kind::kFailed) << "in the middle of it";
}

TEST(PostgresCheck, APasswordThatIsRefusedIsTold) {
    const auto secret = std::make_shared<health::Secret>("secret");
    const std::string cleartext = message('R', bytes({0, 0, 0, 3}));
    const std::vector<std::string> refusal{cleartext, error("28P01", "not secret")};
    const std::string why = "postgres said \"28P01\" to the password of its check";
    EXPECT_EQ(health::converse(kAny, refusal, secret).verdict, "alive");
    EXPECT_EQ(health::converse(kAny, refusal, secret).remark, why);
    EXPECT_EQ(health::converse(kPrimary, refusal, secret).verdict, why);
    for (const std::string& way :
         {message('R', bytes({0, 0, 0, 7})),
          message('R', bytes({0, 0, 0, 10}) + std::string("SCRAM-SHA-256-PLUS\0\0", 20))}) {
        EXPECT_THAT(health::converse(kAny, {way}, secret).remark, StartsWith("postgres "));
        EXPECT_THAT(health::converse(kPrimary, {way}, secret).verdict, StartsWith("postgres "));
    }
    EXPECT_EQ(health::converse(kAny, {cleartext, error("57P03", "secret")}, secret).verdict,
              "postgres said \"57P03\"");
    EXPECT_EQ(health::converse(kAny, {cleartext, message('p', "secret")}, secret).verdict,
              "not a PostgreSQL answer to a password");
    EXPECT_THAT(health::converse(kPrimary, {cleartext, error("53300", "secret")}, secret).verdict,
                Not(HasSubstr("secret")));
}

TEST(PostgresCheck, WhatIsNotPostgresFails) {
    for (const std::string& answer :
         {std::string("HTTP/1.1 400"), std::string("-ERR"), bytes({'R', 0, 0, 0, 3}),
          bytes({'R', 127, 0, 0, 0}), bytes({'R', 0, 0, 0, 4}), message('E', "no fields"),
          message('E', ""), message('D', "?")}) {
        EXPECT_THAT(verdict(kAny, {answer}), StartsWith("not a PostgreSQL answer: \"")) << answer;
    }
    EXPECT_EQ(verdict(kAny, {bytes({'R', 0, 0})}), "more");
}
