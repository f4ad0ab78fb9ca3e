// One question and its answer: what may become of both.
#include "docker/wire.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "support/eventually.hpp"
#include "support/peer.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

const EngineRequest kAsk{.path = "/x"};

core::Result<EngineResponse> ask(const Host& host, core::Duration time = 10s) {
    return exchange(host, kAsk, CallLimits(time));
}

// What becomes of an answer of these bytes, without the host and the question.
std::string outcome(const std::string& bytes) {
    FakeEngine fake([&](const Asked&, test::Socket& client) { client.send(bytes); });
    const auto response = ask(fake.host());
    if (response) return std::to_string(response->status) + " " + response->body;
    const std::string start = fake.name() + ": GET /x: ";
    EXPECT_THAT(response.error().reason, StartsWith(start));
    return response.error().reason.substr(start.size());
}

Host tcp(const std::string& name, std::uint16_t port) {
    Host host;
    host.kind = Host::Kind::kTcp;
    host.name = name;
    host.port = port;
    return host;
}

void answer_over_tcp(test::Socket& client) {
    std::string question;
    while (question.find("\r\n\r\n") == std::string::npos)
        question += client.receive_some();
    client.send(answer(200, question.substr(0, question.find('\r'))));
}

// Without the rights of root, if these are ours, which no permission stops.
class Nobody {
  public:
    Nobody() : root_(::geteuid() == 0) {
        if (root_ && ::seteuid(65534) != 0) ADD_FAILURE() << std::strerror(errno);
    }
    ~Nobody() {
        if (root_ && ::seteuid(0) != 0) ADD_FAILURE() << std::strerror(errno);
    }

  private:
    bool root_;
};

}  // namespace

TEST(Wire, WhatIsAsked) {
    FakeEngine fake([](const Asked&, test::Socket& client) { client.send(answer(200, "well")); });
    const EngineRequest request{
        .method = "POST", .path = "/a/b", .query = "c=d", .body = "{}", .version = "/v1.41"};
    const auto response = exchange(fake.host(), request, CallLimits(10s));
    ASSERT_EQ(reason_of(response), "");
    EXPECT_EQ(response->body, "well");
    ASSERT_TRUE(ask(fake.host()));
    const auto asked = fake.asked();
    EXPECT_EQ(asked[0].head,
              "POST /v1.41/a/b?c=d HTTP/1.1\r\nHost: docker\r\nUser-Agent: amba\r\nConnection: "
              "close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(asked[0].body, "{}");
    EXPECT_EQ(asked[1].head,
              "GET /x HTTP/1.1\r\nHost: docker\r\nUser-Agent: amba\r\nConnection: close\r\n\r\n");
}

TEST(Wire, AnswersOfAllForms) {
    EXPECT_EQ(outcome(answer(200, "body")), "200 body");
    EXPECT_EQ(outcome(answer(404, "body")), "404 body");
    EXPECT_EQ(outcome("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
    EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\n\r\nto the end"), "200 to the end");
    EXPECT_EQ(outcome("HTTP/1.0 200 OK\r\n\r\nto the end"), "200 to the end");
    EXPECT_EQ(outcome(kChunked + chunk("in ") + chunk("pieces") + chunk("")), "200 in pieces");
    EXPECT_EQ(outcome(kChunked + chunk("")), "200 ");
    const std::string large(3'000'001, 'x');
    EXPECT_EQ(outcome(answer(200, large)), "200 " + large);
    EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\n\r\n" + large), "200 " + large);
    EXPECT_EQ(outcome(kChunked + chunk(large) + chunk("y") + chunk("")), "200 " + large + "y");
}

TEST(Wire, HalfAnAnswer) {
    EXPECT_EQ(outcome(""), "the connection was closed, unanswered");
    for (const std::string& whole :
         {answer(200, "body"), kChunked + chunk("in ") + chunk("pieces") + chunk("")}) {
        for (std::size_t size = 1; size < whole.size(); ++size)
            EXPECT_EQ(outcome(whole.substr(0, size)), "the answer ends early") << size;
    }
}

TEST(Wire, Garbage) {
    const std::string start = "the answer is not HTTP as an Engine speaks it: ";
    EXPECT_THAT(outcome("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), StartsWith(start));
    EXPECT_THAT(outcome(std::string(4096, '\0')), StartsWith(start));
    EXPECT_THAT(outcome("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), StartsWith(start));
    EXPECT_THAT(outcome(std::string(kChunked) + "no length\r\n"), StartsWith(start));
    EXPECT_THAT(outcome("HTTP/1.1 200 OK\r\n" + std::string(100'000, 'a')), StartsWith(start));
    EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n"),
              "the answer is longer than 256 MB");
}

TEST(Wire, AStallIsATimeOut) {
    for (const std::string& bytes : {std::string(), answer(200, "body").substr(0, 20),
                                     answer(200, "body").substr(0, 48), std::string(kChunked)}) {
        FakeEngine fake([&](const Asked&, test::Socket& client) {
            client.send(bytes);
            stall(client);
        });
        const auto start = test::Clock::now();
        EXPECT_EQ(reason_of(ask(fake.host(), 150ms)),
                  fake.name() + ": GET /x: no answer within 150ms");
        EXPECT_GE(test::since(start), 140ms);
        EXPECT_LT(test::since(start), test::kAtOnce);
    }
}

// The time is for all of it: bytes that drip do not prolong it.
TEST(Wire, ADripIsATimeOut) {
    FakeEngine fake([](const Asked&, test::Socket& client) {
        client.send("HTTP/1.1 200 OK\r\n\r\n");
        for (;;) {
            client.send("x");
            std::this_thread::sleep_for(20ms);
        }
    });
    const auto start = test::Clock::now();
    EXPECT_EQ(reason_of(ask(fake.host(), 200ms)), fake.name() + ": GET /x: no answer within 200ms");
    EXPECT_LT(test::since(start), test::kAtOnce);
}

TEST(Wire, NoSocket) {
    Host host;
    host.path = "/nowhere/docker.sock";
    EXPECT_EQ(
        reason_of(ask(host)),
        "unix:///nowhere/docker.sock: there is no such socket; does a Docker Engine run here?");
    host.path = "/" + std::string(200, 'a');
    EXPECT_THAT(reason_of(ask(host)), HasSubstr("too long for a socket"));
}

TEST(Wire, NobodyListens) {
    const test::TempDir dir;
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    Host host;
    host.path = dir / "docker.sock";
    std::strncpy(address.sun_path, host.path.c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(reason_of(ask(host)), host.to_string() + ": nobody listens there");
    ::close(fd);
    EXPECT_EQ(reason_of(ask(host)), host.to_string() + ": nobody listens there");
    const test::RefusingPeer refusing;
    const Host over_tcp = tcp("127.0.0.1", refusing.place().port);
    EXPECT_EQ(reason_of(ask(over_tcp)), over_tcp.to_string() + ": nobody listens there");
}

TEST(Wire, NoPermission) {
    FakeEngine fake([](const Asked&, test::Socket& client) { client.send(answer(200, "")); });
    const std::string dir = fake.path().substr(0, fake.path().rfind('/'));
    ASSERT_EQ(::chmod(dir.c_str(), 0755), 0);
    ASSERT_EQ(::chmod(fake.path().c_str(), 0), 0);
    struct stat socket {};
    ASSERT_EQ(::stat(fake.path().c_str(), &socket), 0);
    std::string reason;
    {
        const Nobody nobody;
        reason = reason_of(ask(fake.host()));
    }
    EXPECT_EQ(reason, fake.name() +
                          ": permission denied; the user needs to be in the group of the socket "
                          "(gid " +
                          std::to_string(socket.st_gid) + ")");
    ASSERT_EQ(::chmod(fake.path().c_str(), 0600), 0);
    EXPECT_EQ(reason_of(ask(fake.host())), "");
}

TEST(Wire, OverTcp) {
    test::Peer peer(answer_over_tcp);
    for (const char* name : {"127.0.0.1", "localhost"}) {
        const auto response = ask(tcp(name, peer.place().port));
        ASSERT_EQ(reason_of(response), "") << name;
        EXPECT_EQ(response->body, "GET /x HTTP/1.1");
    }
}

TEST(Wire, APeerThatNeverAccepts) {
    const test::SilentPeer silent;
    const Host host = tcp("127.0.0.1", silent.place().port);
    const auto start = test::Clock::now();
    EXPECT_EQ(reason_of(ask(host, 150ms)), host.to_string() + ": cannot connect within 150ms");
    EXPECT_LT(test::since(start), test::kAtOnce);
}

#ifndef AMBA_SANITIZED  // UBSan looks at memory through a pipe, which it cannot have then
// What Asio throws there goes no further.
TEST(Wire, NoMoreFiles) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 3;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const std::string reason = reason_of(ask(Host()));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_THAT(reason, StartsWith(Host().to_string() + ": "));
    EXPECT_THAT(reason, HasSubstr("Too many open files"));
}
#endif

TEST(Wire, AStopEndsIt) {
    FakeEngine fake([](const Asked&, test::Socket& client) { stall(client); });
    std::stop_source stop;
    std::jthread stopper([&] {
        test::eventually([&] { return !fake.asked().empty(); });
        stop.request_stop();
    });
    const auto start = test::Clock::now();
    EXPECT_EQ(reason_of(exchange(fake.host(), kAsk, CallLimits(60s, stop.get_token()))),
              fake.name() + ": GET /x: given up");
    EXPECT_LT(test::since(start), test::kAtOnce);
}

TEST(MessageOf, WhatTheEngineSays) {
    EXPECT_EQ(message_of({500, "", R"({"message":"no space\nleft\n"})"}), "no space\\x0aleft");
    EXPECT_EQ(message_of({502, "", "Bad Gateway\r\n"}), "Bad Gateway");
    EXPECT_EQ(message_of({503, "", ""}), "status 503");
    EXPECT_EQ(message_of({500, "", R"({"message":7})"}), R"({"message":7})");
    EXPECT_EQ(message_of({500, "", R"({"message":""})"}), "status 500");
}

TEST(Percent, AsAPartOfAPath) {
    EXPECT_EQ(percent("aZ0-._~"), "aZ0-._~");
    EXPECT_EQ(percent("a b/c?d=\"\xc3\xa9\"&+%\n"), "a%20b%2Fc%3Fd%3D%22%C3%A9%22%26%2B%25%0A");
    EXPECT_EQ(percent("host:5000/a@b", "/:@"), "host:5000/a@b");
}
