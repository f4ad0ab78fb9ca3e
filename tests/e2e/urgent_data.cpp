// Urgent data (telnet's interrupt, FTP's ABOR, Oracle's break): the urgent byte arrives as urgent
// and in its place, and the stream goes on behind it, copied or in bulk.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <iterator>
#include <random>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

void send_urgent(Socket& socket) {
    const auto until = Clock::now() + kPatience;
    while (::send(socket.fd(), "!", 1, MSG_OOB | MSG_NOSIGNAL) != 1) {
        if (errno != EAGAIN || Clock::now() > until) throw SocketError("send urgent", errno);
        std::this_thread::sleep_for(1ms);
    }
}

// Bytes at random, and places of the urgent ones among them.
std::vector<std::size_t> send_some_urgent(Socket& socket, std::uint64_t number) {
    socket.receive(2);
    std::mt19937_64 random(number);
    std::vector<std::size_t> urgent;
    std::size_t place = 0;
    for (int i = 0; i < 60; ++i) {
        if (random() % 4 == 0) {
            urgent.push_back(place);
            send_urgent(socket);
            ++place;
        }
        // These sizes let a read or a segment end just before the mark.
        const std::size_t sizes[] = {1, 100, 16'384, 32'768, 65'536, random() % 300'000 + 1};
        const std::string bytes(sizes[random() % std::size(sizes)], 'a');
        socket.send(bytes, 30s);
        place += bytes.size();
        if (random() % 4 == 0) std::this_thread::sleep_for(2ms);
    }
    urgent.push_back(place);
    send_urgent(socket);
    socket.finish_sending();
    return urgent;
}

struct MarkedStream {
    std::string bytes;
    std::vector<std::size_t> marks;
};

// Asks for the bytes, and reads them to the end, with urgent bytes in their places.
MarkedStream receive(Socket& socket) {
    const int on = 1;
    setsockopt(socket.fd(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    socket.send("go");
    MarkedStream received;
    for (;;) {
        // A byte is there before sockatmark() is asked, so that no mark comes in between.
        pollfd ready{socket.fd(), POLLIN, 0};
        if (::poll(&ready, 1, 30'000) != 1) throw SocketError("receive", ETIMEDOUT);
        if (::sockatmark(socket.fd()) == 1) received.marks.push_back(received.bytes.size());
        const std::string more = socket.receive_some();
        if (more.empty()) return received;
        received.bytes += more;
    }
}

void expect_received(const MarkedStream& received, const std::vector<std::size_t>& urgent) {
    std::string expected(urgent.back() + 1, 'a');
    for (const std::size_t place : urgent)
        expected[place] = '!';
    EXPECT_TRUE(received.bytes == expected) << received.bytes.size() << " of " << expected.size();
    // A later urgent byte takes the mark of one before it that is still under way; none has the
    // mark of the last.
    for (const std::size_t mark : received.marks)
        EXPECT_TRUE(std::find(urgent.begin(), urgent.end(), mark) != urgent.end()) << mark;
    ASSERT_FALSE(received.marks.empty());
    EXPECT_EQ(received.marks.back(), urgent.back());
}

class UrgentData : public testing::Test {
  protected:
    // What `server` does with each connection, and `client` at the same time.
    void run_both(const Script& server, const Script& client) {
        Peer peer(server);
        daemon.run({place.to_string(), peer.address()});
        for (round = 0; round < 8; ++round) {
            Socket socket = Socket::connect(place);
            client(socket);
            ASSERT_TRUE(eventually([&] { return peer.open() == 0; }));
            ASSERT_TRUE(peer.errors().empty()) << peer.errors().front();
            expect_received(received, urgent);
        }
    }
    void send(Socket& socket) { urgent = send_some_urgent(socket, number + round); }

    Daemon daemon;
    const Place place = own_place();
    const std::uint64_t number = seed();
    std::uint64_t round = 0;
    MarkedStream received;
    std::vector<std::size_t> urgent;
};

}  // namespace

TEST_F(UrgentData, OfTheClientGoesThroughInItsPlace) {
    run_both([&](Socket& client) { received = receive(client); },
             [&](Socket& server) { send(server); });
}

TEST_F(UrgentData, OfTheServerGoesThroughInItsPlace) {
    run_both([&](Socket& client) { send(client); },
             [&](Socket& server) { received = receive(server); });
}
