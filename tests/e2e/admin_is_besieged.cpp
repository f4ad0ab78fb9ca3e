// The admin port among those who do not behave: whoever asks is answered, and connections through
// the ambassador do not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class Siege : public testing::Test {
  protected:
    void SetUp() override {
        daemon.flags({"--admin", admin.to_string()});
        daemon.run({place.to_string(), peer.address()});
        calm = time_of_requests();
    }
    Milliseconds time_of_requests() {
        const auto start = Clock::now();
        EXPECT_THAT(http_tcp(admin, "GET", "/metrics").body, HasSubstr("amba_generation 1\n"));
        EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
        for (int i = 0; i < 20; ++i)
            EXPECT_EQ(Socket::connect(place).receive(2), "ok");
        return since(start);
    }
    void expect_well() {
        EXPECT_LT(time_of_requests(), 4s + 10 * calm) << "requests have ten seconds to arrive";
    }

    Peer peer{script::greet_then_echo("ok")};
    const Place place = own_place();
    const Place admin{own_address(), 9901};
    Daemon daemon;
    Milliseconds calm{0};  // before the siege
};

}  // namespace

TEST_F(Siege, ByAThousandWhoSayNothing) {
    const std::size_t before = daemon.process().descriptors();
    std::vector<Socket> idle;
    for (int i = 0; i < 1000; ++i)
        idle.push_back(Socket::connect(admin));
    expect_well();
    EXPECT_LE(daemon.process().descriptors(), before + 70);
    daemon.reconfigure({place.to_string(), "name=other", peer.address()});
    idle.clear();
    EXPECT_TRUE(eventually([&] { return daemon.process().descriptors() <= before + 1; }));
}

TEST_F(Siege, ByThoseWhoNeverComeToAnEnd) {
    std::vector<Socket> slow;
    for (int i = 0; i < 200; ++i) {
        slow.push_back(Socket::connect(admin));
        try {
            slow.back().send("GET /status HTTP/1.1\r\nX-");
        } catch (const SocketError&) {  // it has had to make room
        }
    }
    expect_well();
}

TEST_F(Siege, ByThoseWhoDoNotReadTheirAnswer) {
    std::vector<std::string> many{place.to_string(), peer.address(), "+", own_place().to_string()};
    for (int i = 0; i < 1000; ++i)
        many.push_back("127.8." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":80");
    daemon.reconfigure(many);
    std::vector<Socket> deaf;
    for (int i = 0; i < 20; ++i) {
        deaf.push_back(Socket::connect_slow_reader(admin, 4096));
        deaf.back().send("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    EXPECT_THAT(http_tcp(admin, "GET", "/metrics").body, HasSubstr("amba_generation 2\n"));
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
}

TEST_F(Siege, ByRequestsOfAMegabyte) {
    constexpr std::size_t kMegabyte = 1'000'000;
    const std::vector<std::string> heads{
        "GET /" + std::string(kMegabyte, 'a'),
        "GET / HTTP/1.1\r\nX: " + std::string(kMegabyte, 'b'), std::string(kMegabyte, '\0'),
        "POST /reload HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(kMegabyte, 'c')};
    for (const std::string& head : heads) {
        Socket client = Socket::connect(admin);
        std::string answer;
        try {
            client.send(head + "\r\n\r\n");
            client.read_to_end(answer);
        } catch (const SocketError&) {  // hung up on
        }
        if (!answer.empty()) {
            EXPECT_THAT(answer, HasSubstr("HTTP/1.1 4"));
        }
    }
    expect_well();
}

TEST_F(Siege, HeadIsAnsweredWithoutABody) {
    Socket client = Socket::connect(admin);
    client.send("HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string answer;
    client.read_to_end(answer);
    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("Content-Length: 3\r\n"));
    EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}
