// A question to the daemon's socket: what may become of it, to the word.
#include "amba/admin/client.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/peer.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace amba::admin;
using namespace std::chrono_literals;

namespace {

class AdminAsk : public testing::Test {
  protected:
    // What becomes of a question; of an answer its status and body.
    std::string outcome(core::Duration time = 60s, const std::function<bool()>& given_up = {}) {
        const auto answer = ask(path, "GET", "/status", time, given_up);
        return answer ? std::to_string(answer->status) + " " + answer->body : answer.error().reason;
    }
    // The same where the server says these bytes after the question, and closes.
    std::string outcome_of(const std::string& bytes) {
        path = dir / std::to_string(++count) + ".sock";
        const test::Peer server = test::Peer::at_path(
            [bytes](test::Socket& client) {
                read_question(client);
                client.send(bytes);
            },
            path);
        return outcome();
    }
    static std::string read_question(test::Socket& client) {
        std::string question;
        while (!question.ends_with("\r\n\r\n"))
            question += client.receive_some();
        return question;
    }

    std::string silence() const {
        return "an ambassador listens on " + path +
               " and does not answer; is it stopped (SIGSTOP, docker pause) or busy?";
    }
    std::string no_answer(const std::string& why) const {
        return "cannot get an answer from " + path + ": " + why;
    }
    std::string no_connection(const std::string& why) const {
        return "cannot connect to " + path + ": " + why + "; is an ambassador running there?";
    }

    const test::TempDir dir;
    std::string path = dir / "amba.sock";
    int count = 0;
};

// A listener of that path, as of a process that is stopped; its queue may be full.
class SilentSocket {
  public:
    explicit SilentSocket(const std::string& path, bool full = false) : listener_(socket()) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        auto* const place = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(listener_, place, sizeof address), 0);
        EXPECT_EQ(::listen(listener_, 2), 0);
        for (int i = 0; full && i < 4; ++i) {
            fillers_.push_back(socket());
            (void)::connect(fillers_.back(), place, sizeof address);
        }
    }
    ~SilentSocket() {
        for (const int fd : fillers_)
            ::close(fd);
        ::close(listener_);
    }
    SilentSocket(const SilentSocket&) = delete;
    SilentSocket& operator=(const SilentSocket&) = delete;

  private:
    static int socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }
    int listener_;
    std::vector<int> fillers_;
};

}  // namespace

TEST_F(AdminAsk, WhatIsAsked) {
    std::string asked;
    for (const std::string& name : {path, "@" + dir.path()}) {
        path = name;
        const test::Peer peer = test::Peer::at_path(
            [&](test::Socket& client) {
                asked += read_question(client);
                client.send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nbody");
                client.receive_to_end();  // whoever asks does not wait for that of the connection
            },
            path);
        EXPECT_EQ(outcome(), "404 body");
        EXPECT_TRUE(ask(path, "POST", "/reload", 60s));
    }
    const std::string both =
        "GET /status HTTP/1.1\r\nHost: amba\r\n\r\n"
        "POST /reload HTTP/1.1\r\nHost: amba\r\nContent-Length: 0\r\n\r\n";
    EXPECT_EQ(asked, both + both);
}

TEST_F(AdminAsk, AnswersOfAllForms) {
    EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\n\r\nto the end"), "200 to the end");
    EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "3\r\nin \r\n6\r\npieces\r\n0\r\n\r\n"),
              "200 in pieces");
    EXPECT_EQ(outcome_of("HTTP/1.1 204 No Content\r\n\r\n"), "204 ");
    const std::string large(3'000'001, 'x');
    EXPECT_EQ(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 3000001\r\n\r\n" + large),
              "200 " + large);
}

TEST_F(AdminAsk, NobodyListens) {
    EXPECT_EQ(outcome(), no_connection("No such file or directory"));
    { const SilentSocket gone(path); }
    EXPECT_EQ(outcome(), no_connection("Connection refused"));
    path = dir.path();
    EXPECT_EQ(outcome(), no_connection("Connection refused"));
    path = "@" + dir.path();
    EXPECT_EQ(outcome(), no_connection("Connection refused"));
    path = "/" + std::string(107, 'a');
    EXPECT_EQ(outcome(), "the path " + path + " is too long for a socket");
}

TEST_F(AdminAsk, Silence) {
    for (const bool full : {false, true}) {
        path = dir / (full ? "full.sock" : "free.sock");
        const SilentSocket silent(path, full);
        EXPECT_EQ(outcome(100ms), silence()) << full;
    }
    for (const char* begun : {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\nbegun"}) {
        path = dir / std::to_string(++count) + ".sock";
        const test::Peer peer = test::Peer::at_path(
            [begun](test::Socket& client) {
                client.send(begun);
                test::script::swallow(client);
            },
            path);
        EXPECT_EQ(outcome(100ms), silence()) << begun;
    }
}

TEST_F(AdminAsk, IsGivenUp) {
    const SilentSocket silent(path);
    int looked = 0;
    const auto start = test::Clock::now();
    EXPECT_EQ(outcome(60s, [&] { return ++looked == 4; }), silence());
    EXPECT_EQ(looked, 4);
    EXPECT_GE(test::since(start), 50ms);  // 20 ms from look to look
    EXPECT_LT(test::since(start), test::kAtOnce);
    EXPECT_EQ(outcome(100ms, [] { return false; }), silence());
}

TEST_F(AdminAsk, NoAnswer) {
    const auto failure_of = [&](const std::string& bytes) {
        const std::string reason = outcome_of(bytes);
        const std::string start = no_answer("");
        EXPECT_TRUE(reason.starts_with(start)) << reason;
        return reason.substr(std::min(reason.size(), start.size()));
    };
    EXPECT_EQ(failure_of(""), "end of stream");
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\n"), "partial message");
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbod"), "partial message");
    EXPECT_EQ(failure_of("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), "bad version");
    EXPECT_EQ(failure_of("HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n"),
              "body limit exceeded");
    // A socket that is closed with bytes unread is reset.
    path = dir / "reset.sock";
    const test::Peer peer =
        test::Peer::at_path([](test::Socket& client) { client.receive(1); }, path);
    EXPECT_EQ(outcome(), no_answer("Connection reset by peer"));
}
