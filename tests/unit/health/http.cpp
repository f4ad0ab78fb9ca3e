#include <gmock/gmock.h>

#include "tests/unit/health/dialogue.hpp"

using namespace amba;
using health::verdict;
using testing::StartsWith;

namespace {

core::Check check(int least = 200, int most = 399) {
    core::Check out;
    out.type = core::CheckType::kHttp;
    out.expect_least = least;
    out.expect_most = most;
    return out;
}

}  // namespace

TEST(HttpCheck, AsksForThePath) {
    EXPECT_EQ(health::converse(check(), {"HTTP/1.1 200 OK\r\n"}).sent,
              "GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\nUser-Agent: amba\r\nAccept: */*\r\n"
              "Connection: close\r\n\r\n");
    core::Check other = check();
    other.method = core::CheckMethod::kHead;
    other.path = "/health?deep=1";
    other.host = "example.org";
    EXPECT_THAT(health::converse(other, {"HTTP/1.1 200 OK\r\n"}).sent,
                StartsWith("HEAD /health?deep=1 HTTP/1.1\r\nHost: example.org\r\n"));
    other.method = core::CheckMethod::kOptions;
    EXPECT_THAT(health::converse(other, {"HTTP/1.1 200 OK\r\n"}).sent, StartsWith("OPTIONS /h"));
}

TEST(HttpCheck, JudgesTheStatus) {
    EXPECT_EQ(verdict(check(), {"HTTP/1.1 200 OK\r\n"}), "alive");
    EXPECT_EQ(verdict(check(), {"HTTP/1.0 399\r\n"}), "alive");
    EXPECT_EQ(verdict(check(), {"HTTP/1.1 204 \n"}), "alive") << "a bare line feed";
    EXPECT_EQ(verdict(check(), {"HTTP/1.1 400 Bad Request\r\n"}),
              "http status \"400 Bad Request\"");
    EXPECT_EQ(verdict(check(), {"HTTP/1.1 199 X\r\n"}), "http status \"199 X\"");
    EXPECT_EQ(verdict(check(503, 503), {"HTTP/1.1 503 Service Unavailable\r\n"}), "alive");
    EXPECT_EQ(verdict(check(503, 503), {"HTTP/1.1 502 Bad Gateway\r\n"}),
              "http status \"502 Bad Gateway\"");
}

TEST(HttpCheck, WhatIsNotHttpFails) {
    for (const char* answer :
         {"HTTP/1.1 20\r\n", "HTTP/1.1 2000\r\n", "HTTP/1.1  200\r\n", "HTTP/2 200\r\n",
          "HTTP/1.1\r\n", "HTTP/1.x 200 OK\r\n", "-ERR unknown command 'GET'\r\n", "\r\n",
          "SSH-2.0-OpenSSH_9.2\r\n"}) {
        EXPECT_THAT(verdict(check(), {answer}), StartsWith("not an HTTP answer: \"")) << answer;
    }
    EXPECT_THAT(verdict(check(), {"HTTP/1.1 200 " + std::string(5000, 'x')}),
                StartsWith("not an HTTP answer"));
    EXPECT_EQ(verdict(check(), {"HTTP/1.1 200"}), "more");
    EXPECT_EQ(verdict(check(), {"HTT"}), "more");
}
