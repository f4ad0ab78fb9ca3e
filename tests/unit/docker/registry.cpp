#include "docker/registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "amba/docker/engine.hpp"
#include "support/temp_dir.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using testing::HasSubstr;

namespace {

// {"password":"secret","serveraddress":"host:5000","username":"me"}
constexpr const char* kHeader =
    "eyJwYXNzd29yZCI6InNlY3JldCIsInNlcnZlcmFkZHJlc3MiOiJob3N0OjUwMDAiLCJ1c2VybmFtZSI6Im1lIn0=";
constexpr const char* kLogin = R"({"auths": {"host:5000": {"auth": "bWU6c2VjcmV0"}}})";

}  // namespace

TEST(Registry, IsTheFirstPartWhenThatIsAHost) {
    EXPECT_EQ(registry_of("host:5000/team/redis"), "host:5000");
    EXPECT_EQ(registry_of("example.com/redis"), "example.com");
    EXPECT_EQ(registry_of("localhost/redis"), "localhost");
    EXPECT_EQ(registry_of("team/redis"), "index.docker.io");
    EXPECT_EQ(registry_of("redis"), "index.docker.io");
    EXPECT_EQ(registry_of("docker.io/team/redis"), "index.docker.io");
}

TEST(RegistryAuth, IsWhatDockerLoginLeft) {
    EXPECT_EQ(registry_auth(kLogin, "host:5000/amba").header, kHeader);
    EXPECT_EQ(registry_auth(kLogin, "host:5001/amba").header, "");
    EXPECT_EQ(registry_auth(kLogin, "amba").remark, "");
}

TEST(RegistryAuth, OfTheHub) {
    const char* config =
        R"({"auths": {"https://index.docker.io/v1/": {"identitytoken": "t", "auth": ""}}})";
    // {"identitytoken":"t","serveraddress":"https://index.docker.io/v1/"}
    EXPECT_EQ(registry_auth(config, "team/amba").header,
              "eyJpZGVudGl0eXRva2VuIjoidCIsInNlcnZlcmFkZHJlc3MiOiJodHRwczovL2luZGV4LmRvY2tlci5pby92"
              "MS8ifQ==");
}

TEST(RegistryAuth, WithSpaceAndNulsAround) {
    for (const char* auth : {" bWU6c2VjcmV0\\r\\n", "bWU6c2VjcmV0AAA="}) {
        const std::string config =
            R"({"auths": {"host:5000": {"auth": ")" + std::string(auth) + R"("}}})";
        EXPECT_EQ(registry_auth(config, "host:5000/amba").header, kHeader) << auth;
    }
}

// A header has other letters than base64 has elsewhere.
TEST(RegistryAuth, IsForAHeader) {
    const char* config = R"({"auths": {"h:1": {"auth": "dTo+Pz8+Pz8="}}})";  // u:>??>??
    const std::string header = registry_auth(config, "h:1/x").header;
    EXPECT_EQ(header.find_first_of("+/"), std::string::npos) << header;
    EXPECT_THAT(header, HasSubstr("4_Pz4_P"));
}

TEST(RegistryAuth, SaysWhatItDoesNotKnow) {
    const auto remark = [](const char* config) {
        const RegistryAuth auth = registry_auth(config, "host:5000/amba");
        EXPECT_EQ(auth.header, "");
        return auth.remark;
    };
    EXPECT_EQ(
        remark(R"({"auths": {"host:5000": {}}, "credsStore": "desktop"})"),
        "the password for host:5000 may be with docker-credential-desktop, which is not asked");
    EXPECT_THAT(remark(R"({"credHelpers": {"host:5000": "ecr-login", "other": "x"}})"),
                HasSubstr("docker-credential-ecr-login"));
    EXPECT_EQ(remark(R"({"credHelpers": {"other": "x"}})"), "");
    EXPECT_EQ(remark(R"({"auths": {"host:5000": {"auth": "%%%"}}})"), "");
    EXPECT_EQ(remark(R"({"auths": {"host:5000": {"auth": "bWU="}}})"), "") << "no colon";
    EXPECT_EQ(remark("secret"), "it is not JSON");
    EXPECT_THAT(remark(R"({"auths": []})"), HasSubstr("auths"));
    EXPECT_EQ(remark("{}"), "");
}

TEST(EngineCreate, PullsWithThePasswordOfTheConfiguration) {
    const test::TempDir dir;
    const std::string before = std::getenv("DOCKER_CONFIG") ? std::getenv("DOCKER_CONFIG") : "";
    ::setenv("DOCKER_CONFIG", dir.path().c_str(), 1);
    std::ofstream(dir / "config.json") << kLogin;
    FakeEngine fake([](const Asked& asked, test::Socket& client) {
        const bool pull = asked.target.find("/images/create") != std::string::npos;
        client.send(pull ? answer(500, R"({"message":"no"})")
                         : answer(404, R"({"message":"No such image: host:5000/amba:latest"})"));
    });
    const Engine engine(fake.host());
    EXPECT_FALSE(engine.create({"host:5000/amba", {}, {}, "", ""}));
    EXPECT_THAT(fake.asked().back().head,
                HasSubstr(std::string("X-Registry-Auth: ") + kHeader + "\r\n"));
    std::ofstream(dir / "config.json") << "{";
    const auto failed = engine.create({"host:5000/amba", {}, {}, "", ""});
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().reason, HasSubstr("config.json: it is not JSON"));
    EXPECT_EQ(fake.asked().back().head.find("X-Registry-Auth"), std::string::npos);
    if (before.empty()) {
        ::unsetenv("DOCKER_CONFIG");
    } else {
        ::setenv("DOCKER_CONFIG", before.c_str(), 1);
    }
}
