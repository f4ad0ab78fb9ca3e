#include "amba/docker/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <vector>

using namespace amba::docker;
using testing::HasSubstr;

namespace {

// The host as it is shown, or the reason.
std::string parsed(const std::string& text, bool tls = false) {
    const auto host = parse_host(text, tls, "/certs");
    return host ? host->to_string() : host.error().reason;
}

// The variables of the docker client as given here and no others; as they were afterwards.
class Environment {
  public:
    explicit Environment(const std::map<std::string, std::string>& set) {
        for (const char* name : {"DOCKER_HOST", "DOCKER_TLS", "DOCKER_TLS_VERIFY",
                                 "DOCKER_CERT_PATH", "DOCKER_CONFIG", "HOME"}) {
            const char* value = std::getenv(name);
            if (value) before_[name] = value;
            names_.push_back(name);
            ::unsetenv(name);
        }
        for (const auto& [name, value] : set)
            ::setenv(name.c_str(), value.c_str(), 1);
    }
    ~Environment() {
        for (const std::string& name : names_) {
            ::unsetenv(name.c_str());
            if (before_.contains(name)) ::setenv(name.c_str(), before_[name].c_str(), 1);
        }
    }

  private:
    std::vector<std::string> names_;
    std::map<std::string, std::string> before_;
};

}  // namespace

TEST(ParseHost, Unix) {
    EXPECT_EQ(parsed(""), "unix:///var/run/docker.sock");
    EXPECT_EQ(parsed("unix://"), "unix:///var/run/docker.sock");
    EXPECT_EQ(parsed("unix:///run/user/1000/docker.sock"), "unix:///run/user/1000/docker.sock");
    const auto host = parse_host("unix:///a", true, "/certs");
    ASSERT_TRUE(host);
    EXPECT_EQ(host->kind, Host::Kind::kUnix);
    EXPECT_EQ(host->path, "/a");
    EXPECT_EQ(parsed("unix:///" + std::string(106, 'a')), "unix:///" + std::string(106, 'a'));
    EXPECT_THAT(parsed("unix:///" + std::string(107, 'a')), HasSubstr("more than 107 bytes"));
}

TEST(ParseHost, Tcp) {
    EXPECT_EQ(parsed("tcp://10.0.0.1:1234"), "tcp://10.0.0.1:1234");
    EXPECT_EQ(parsed("tcp://10.0.0.1:1234/"), "tcp://10.0.0.1:1234");
    EXPECT_EQ(parsed("tcp://engine_2.example.com"), "tcp://engine_2.example.com:2375");
    EXPECT_EQ(parsed("tcp://[::1]:99"), "tcp://[::1]:99");
    EXPECT_EQ(parsed("tcp://[2001:db8::1]"), "tcp://[2001:db8::1]:2375");
    EXPECT_EQ(parsed("tcp://"), "tcp://127.0.0.1:2375");
    EXPECT_EQ(parsed("tcp://:5"), "tcp://127.0.0.1:5");
    const auto host = parse_host("tcp://[::1]:99", false, "/certs");
    ASSERT_TRUE(host);
    EXPECT_EQ(host->kind, Host::Kind::kTcp);
    EXPECT_EQ(host->name, "::1");
    EXPECT_EQ(host->port, 99);
    EXPECT_EQ(host->certificates, "");
}

TEST(ParseHost, Tls) {
    EXPECT_EQ(parsed("tcp://engine", true), "tcp://engine:2376");
    EXPECT_EQ(parsed("tcp://engine:1", true), "tcp://engine:1");
    const auto host = parse_host("tcp://engine", true, "/certs", false);
    ASSERT_TRUE(host);
    EXPECT_EQ(host->kind, Host::Kind::kTls);
    EXPECT_EQ(host->certificates, "/certs");
    EXPECT_FALSE(host->verify);
}

TEST(ParseHost, SaysWhatWasExpected) {
    for (const char* text :
         {"ssh://me@host", "http://host:2375", "/var/run/docker.sock", "host:2375",
          "tcp://host:", "tcp://host:0", "tcp://host:70000", "tcp://::1", "tcp://[::1",
          "tcp://[::1]x", "tcp://[10.0.0.1]:1", "tcp://[nonsense]:1", "tcp://me@host:1",
          "tcp://host:1/path", "tcp://a b", "UNIX:///a"}) {
        EXPECT_EQ(parsed(text),
                  "the Docker host \"" + std::string(text) +
                      "\" is not understood; expected unix://PATH or tcp://HOST:PORT");
    }
}

TEST(HostOfEnvironment, TheDefault) {
    const Environment environment({});
    const auto host = host_of_environment();
    ASSERT_TRUE(host);
    EXPECT_EQ(host->to_string(), "unix:///var/run/docker.sock");
}

TEST(HostOfEnvironment, WhatIsGivenGoesBeforeTheVariable) {
    const Environment environment({{"DOCKER_HOST", "tcp://one:1"}, {"DOCKER_TLS_VERIFY", ""}});
    EXPECT_EQ(host_of_environment()->to_string(), "tcp://one:1");
    EXPECT_EQ(host_of_environment()->kind, Host::Kind::kTcp);
    EXPECT_EQ(host_of_environment("tcp://two:2")->to_string(), "tcp://two:2");
    const auto wrong = host_of_environment("two");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().reason, HasSubstr("\"two\""));
}

TEST(HostOfEnvironment, Tls) {
    {
        const Environment environment(
            {{"DOCKER_HOST", "tcp://one"}, {"DOCKER_TLS_VERIFY", "1"}, {"HOME", "/home/me"}});
        const auto host = host_of_environment();
        ASSERT_TRUE(host);
        EXPECT_EQ(host->to_string(), "tcp://one:2376");
        EXPECT_EQ(host->kind, Host::Kind::kTls);
        EXPECT_TRUE(host->verify);
        EXPECT_EQ(host->certificates, "/home/me/.docker");
    }
    {
        const Environment environment({{"DOCKER_HOST", "tcp://one"},
                                       {"DOCKER_TLS", "1"},
                                       {"DOCKER_CONFIG", "/config"},
                                       {"HOME", "/home/me"}});
        const auto host = host_of_environment();
        ASSERT_TRUE(host);
        EXPECT_EQ(host->kind, Host::Kind::kTls);
        EXPECT_FALSE(host->verify);
        EXPECT_EQ(host->certificates, "/config");
    }
    {
        const Environment environment({{"DOCKER_HOST", "tcp://one"},
                                       {"DOCKER_TLS_VERIFY", "1"},
                                       {"DOCKER_CONFIG", "/config"},
                                       {"DOCKER_CERT_PATH", "/certs"}});
        EXPECT_EQ(host_of_environment()->certificates, "/certs");
    }
}
