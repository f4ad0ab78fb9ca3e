// When the reader of stderr stands still, or is not there, lines are lost and counted. Connections,
// status and the end of the process do not suffer.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <regex>
#include <utility>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

// More than a pipe of a page and what is kept hold, of lines of 120 bytes and more.
constexpr int kConnections = 1000;

class LogReader : public testing::Test {
  protected:
    void run(int error) {
        daemon.options().error = error;
        daemon.flags({"--log-connections"});
        daemon.launch({place.to_string(), peer.address()});
        ASSERT_TRUE(eventually([&] { return daemon.amba({"healthcheck", "--ready"}).code == 0; }));
    }
    void serves(int connections) {
        for (int i = 0; i < connections; ++i) {
            Socket client = Socket::connect(place);
            client.send("x");
            ASSERT_EQ(client.receive(1), "x") << "connection " << i;
        }
    }
    std::size_t dropped() const { return daemon.status()["log_lines_dropped"]; }

    Daemon daemon;
    Peer peer{script::echo};
    const Place place = own_place();
};

// Ends of a pipe of a page, or of a socket.
struct Ends {
    explicit Ends(bool socket) {
        int ends[2];
        if (socket) {
            EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        } else {
            EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
            ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
        }
        reader = ends[0];
        writer = ends[1];
    }
    ~Ends() { close(); }
    void close() {
        ::close(std::exchange(reader, -1));
        ::close(std::exchange(writer, -1));
    }
    void read() {
        char bytes[65536];
        ::fcntl(reader, F_SETFL, O_NONBLOCK);
        for (ssize_t got = 0; (got = ::read(reader, bytes, sizeof bytes)) > 0;)
            text.append(bytes, static_cast<std::size_t>(got));
    }
    int reader = -1;
    int writer = -1;
    std::string text;
};

class LogReaderStalls : public LogReader, public testing::WithParamInterface<bool> {};

}  // namespace

TEST_P(LogReaderStalls, AndTrafficGoesOnAndSoDoesTheEnd) {
    Ends log(GetParam());
    run(log.writer);
    Socket before = Socket::connect(place);
    for (int rounds = 0; dropped() == 0 && rounds < 10; ++rounds)
        serves(kConnections);
    ASSERT_GT(dropped(), 0u);
    before.send("y");
    EXPECT_EQ(before.receive(1), "y");
    EXPECT_THAT(daemon.get("/metrics").body,
                HasSubstr("\namba_log_lines_dropped_total " + std::to_string(dropped()) + "\n"));
    daemon.reconfigure({place.to_string(), "name=other", peer.address()});

    // The reader reads again, and learns how many lines it missed without any other event.
    const auto told = [&] {
        log.read();
        return log.text.find("dropped here") != std::string::npos;
    };
    ASSERT_TRUE(eventually(told)) << log.text.substr(log.text.size() - 1000);
    std::smatch match;
    ASSERT_TRUE(
        std::regex_search(log.text, match, std::regex("warning log: ([0-9]+) lines were dropped")));
    EXPECT_EQ(std::stoul(match[1]), dropped());
    serves(1);
    EXPECT_TRUE(eventually([&] {
        log.read();
        return log.text.ends_with("both sides closed\n");
    })) << log.text.substr(log.text.size() - 1000);

    // The reader stalls again.
    const std::size_t lost = dropped();
    for (int rounds = 0; dropped() == lost && rounds < 10; ++rounds)
        serves(kConnections);
    EXPECT_GT(dropped(), lost);
    before.close();
    EXPECT_EQ(daemon.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, LogReaderStalls, testing::Bool(), [](const auto& kind) {
    return std::string(kind.param ? "Socket" : "Pipe");
});

TEST_F(LogReader, HasLeft) {
    Ends log(false);
    run(log.writer);
    log.close();
    serves(20);
    EXPECT_TRUE(eventually([&] { return dropped() >= 20; }));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(LogReader, NeverWas) {
    run(-1);
    serves(20);
    EXPECT_TRUE(eventually([&] { return dropped() >= 20; }));
    // The lock is the first file to be opened, and must not become standard error.
    EXPECT_THAT(read_file(daemon.file("amba.lock")), testing::Not(HasSubstr("start")));
    EXPECT_EQ(daemon.stop(), 0);
}

TEST_F(LogReader, GetsTheLastLines) {
    Ends log(false);
    run(log.writer);
    EXPECT_EQ(daemon.stop(), 0);
    log.read();
    EXPECT_THAT(log.text, HasSubstr("info exit: SIGTERM"));
}
