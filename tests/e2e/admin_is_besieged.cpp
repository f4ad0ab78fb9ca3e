// The admin port under readers that do not behave: requests are answered all the same, and
// connections through the ambassador do not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

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
        } catch (const SocketError&) {  // the ambassador has closed it to make room
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

// Each answer is several megabytes, most of which stays in the ambassador.
class SiegeOfALargeTable : public Siege {
  protected:
    void SetUp() override {
        Siege::SetUp();
        for (int i = 0; i < kBackends; ++i)
            table.push_back("127.8." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
                            ":80");
        swap("large");
        size = daemon.get("/status").body.size();
        ASSERT_GT(size, std::size_t{kBackends} * 400);
        before = anonymous();
    }
    void swap(const std::string& name) {
        table[1] = "name=" + name;
        Words words{"reconfigure", "--wait=14s"};
        words.insert(words.end(), table.begin(), table.end());
        const CommandResult done = daemon.amba(words);
        ASSERT_EQ(done.code, 0) << done.err;
        const std::string told = daemon.get("/status").body;
        EXPECT_NE(told.find("\"name\": \"" + name + "\""), told.npos) << "an answer of before";
    }
    void ask() {
        deaf.push_back(Socket::connect_slow_reader(admin, 4096));
        deaf.back().send("GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    // Anonymous memory in bytes; a sanitizer keeps what is freed.
    std::size_t anonymous() {
        return daemon.process().sanitized() ? 0 : daemon.process().anonymous_kb() * 1024;
    }
    void expect_memory_back() {
        deaf.clear();
        EXPECT_TRUE(eventually([&] { return anonymous() < before + size; }))
            << anonymous() << " bytes, and " << before << " before";
        EXPECT_EQ(Socket::connect(place).receive(2), "ok");
    }

    static constexpr int kBackends = 5000;
    Words table{place.to_string(),       "name=large", "check=off", peer.address(), "+",
                own_place().to_string(), "check=off"};
    std::vector<Socket> deaf;
    std::size_t size = 0;
    std::size_t before = 0;
};

// No swap waits for a reader, and a later question gets a later answer.
TEST_F(SiegeOfALargeTable, BySixtyFourWhoDoNotRead) {
    for (int i = 0; i < 64; ++i)
        ask();
    std::size_t most = 0;
    for (const char* name : {"one", "two", "three"}) {
        swap(name);
        most = std::max(most, anonymous());
    }
    const auto told = [](const Socket& client) {
        return !client.quiet();
    };
    EXPECT_TRUE(eventually([&] { return std::all_of(deaf.begin(), deaf.end(), told); }));
    EXPECT_LT(std::max(most, anonymous()), before + 20 * size) << "64 answers of " << size;
    expect_memory_back();
}

// Each reader has an answer of its own moment.
TEST_F(SiegeOfALargeTable, ByThoseWhoComeOneByOneAndDoNotRead) {
    std::size_t most = 0;
    for (int i = 0; i < 24; ++i) {
        ask();
        ASSERT_TRUE(eventually([&] { return !deaf.back().quiet(); })) << "number " << i;
        most = std::max(most, anonymous());
    }
    // The answers that are held, and those that are being made and copied; 24 answers would be
    // more.
    EXPECT_LT(most, before + (32 << 20) + 9 * size) << "24 answers of " << size;
    expect_memory_back();
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
