// Bytes are never lost, altered or reordered, whatever their sizes and whoever speaks first.
#include <gtest/gtest.h>

#include <atomic>
#include <random>

#include "support/daemon.hpp"
#include "support/pattern.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class Bytes : public testing::Test {
  protected:
    Daemon daemon;
    const Place place = own_place();
};

// A size from 1 byte to half a megabyte; small sizes are as likely as large ones.
std::size_t random_size(std::mt19937_64& random) {
    return std::size_t{1} << random() % 20 | random() % 1000;
}

void send_pattern(Socket& socket, std::uint64_t number, std::size_t count) {
    Pattern pattern(number);
    std::mt19937_64 random(number);
    while (pattern.position() < count) {
        const std::size_t left = count - pattern.position();
        socket.send(pattern.next(std::min(left, random_size(random))));
        if (random() % 64 == 0) std::this_thread::sleep_for(1ms);
    }
    socket.finish_sending();
}

// Says what is wrong with the bytes that arrive; "" when they are the whole pattern.
std::string check_pattern(Socket& socket, std::uint64_t number, std::size_t count) {
    Pattern pattern(number);
    std::mt19937_64 random(~number);
    for (;;) {
        const std::string bytes = socket.receive_some(random_size(random));
        if (bytes.empty()) break;
        if (!pattern.matches(bytes)) return pattern.error();
        if (random() % 64 == 0) std::this_thread::sleep_for(1ms);
    }
    if (pattern.position() == count) return "";
    return "ended after " + std::to_string(pattern.position()) + " of " + std::to_string(count);
}

// Sends one pattern and checks another at the same time.
std::string both_ways(Socket& socket, std::uint64_t out, std::uint64_t in, std::size_t count) {
    std::string sending;
    std::thread sender([&] {
        try {
            send_pattern(socket, out, count);
        } catch (const std::exception& error) {
            sending = error.what();
        }
    });
    std::string receiving;
    try {
        receiving = check_pattern(socket, in, count);
    } catch (const std::exception& error) {
        receiving = error.what();
    }
    sender.join();
    return sending + receiving;
}

}  // namespace

TEST_F(Bytes, OfLargeTransfersBothWaysAtOnceAreWhole) {
    const std::uint64_t number = seed();
    const std::size_t count = full() ? std::size_t{1} << 30 : 48 << 20;
    std::string at_server = "not yet";
    Peer peer([&](Socket& client) { at_server = both_ways(client, number, number + 1, count); });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    EXPECT_EQ(both_ways(client, number + 1, number, count), "");
    EXPECT_TRUE(eventually([&] { return peer.open() == 0; }));
    EXPECT_EQ(at_server, "");
    EXPECT_TRUE(eventually([&] {
        const auto backend = daemon.frontend()["backends"][0];
        return backend["bytes_up"] == count && backend["bytes_down"] == count;
    }));
}

TEST_F(Bytes, OfManyConnectionsAtOnceAreNotMixed) {
    const std::uint64_t number = seed();
    Peer peer(script::echo);
    daemon.run({place.to_string(), peer.address()});
    constexpr int kConnections = 12;
    std::vector<std::string> wrong(kConnections, "not yet");
    std::vector<std::thread> threads;
    for (int i = 0; i < kConnections; ++i) {
        threads.emplace_back([&, i] {
            const std::uint64_t mine = number + static_cast<std::uint64_t>(i) * 1'000'003;
            try {
                Socket client = Socket::connect(place);
                wrong[i] = both_ways(client, mine, mine, 2 << 20);
            } catch (const std::exception& error) {
                wrong[i] = error.what();
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    for (const std::string& reason : wrong)
        EXPECT_EQ(reason, "");
}

TEST_F(Bytes, OfManySmallMessagesComeBackOneByOne) {
    Peer peer(script::echo);
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    Pattern sent(seed());
    Pattern received = sent;
    for (int i = 0; i < 5000; ++i) {
        const std::string message = sent.next(1 + static_cast<std::size_t>(i) % 97);
        client.send(message);
        ASSERT_TRUE(received.matches(client.receive(message.size()))) << received.error();
    }
}

TEST_F(Bytes, SentTogetherWithTheConnectAreNotLost) {
    Peer peer(script::echo);
    daemon.run({place.to_string(), peer.address()});
    for (int i = 0; i < 50; ++i) {
        Socket client = Socket::connect(place);
        const std::string early = "early data " + std::to_string(i);
        client.send(early);
        ASSERT_EQ(client.receive(early.size()), early);
    }
}

TEST_F(Bytes, SentWhileTheFirstBackendIsSilentReachTheSecond) {
    SilentPeer silent;
    Peer peer(script::echo);
    daemon.run({place.to_string(), "timeouts.connect=60s", silent.address(), peer.address()});
    const std::string early = Pattern(seed()).next(300'000);
    for (int i = 0; i < 2; ++i) {
        Socket client = Socket::connect(place);
        std::thread sender([&] { client.send(early); });
        const std::string back = client.receive(early.size());
        sender.join();
        EXPECT_TRUE(back == early);
    }
}

TEST_F(Bytes, OfAServerThatSpeaksFirstArrive) {
    Peer peer(script::greet_then_echo("220 welcome\r\n"));
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    EXPECT_EQ(client.receive(13), "220 welcome\r\n");
    client.send("EHLO\r\n");
    EXPECT_EQ(client.receive(6), "EHLO\r\n");
}

TEST_F(Bytes, OfAServerThatGreetsAndClosesArriveBeforeTheEnd) {
    Peer peer(script::greet_then_close("go away\n"));
    daemon.run({place.to_string(), peer.address()});
    for (int i = 0; i < 50; ++i) {
        Socket client = Socket::connect(place);
        ASSERT_EQ(client.receive_to_end(), "go away\n");
    }
}

TEST_F(Bytes, OfATelnetSessionArriveOneByOne) {
    Peer peer([](Socket& client) {
        std::string line;
        for (;;) {
            const std::string byte = client.receive(1);
            line += byte;
            client.send(byte);  // the echo that the typist sees
            if (byte == "\n") {
                client.send("you said " + line);
                if (line == "quit\r\n") return;
                line.clear();
            }
        }
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    for (const std::string line : {"hello\r\n", "quit\r\n"}) {
        for (const char byte : line) {
            client.send(std::string_view(&byte, 1));
            ASSERT_EQ(client.receive(1), std::string(1, byte));
        }
        const std::string answer = "you said " + line;
        ASSERT_EQ(client.receive(answer.size()), answer);
    }
    EXPECT_EQ(client.end(), End::kFin);
}

TEST_F(Bytes, ThatDripArriveAsTheyDrip) {
    std::atomic<std::size_t> read{0};
    Peer peer([&](Socket& client) {
        for (std::size_t i = 0; i < 10; ++i) {
            // The next one only when this one has arrived.
            if (!eventually([&] { return read == i; })) return;
            client.send(std::to_string(i));
        }
    });
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    for (std::size_t i = 0; i < 10; ++i) {
        ASSERT_EQ(client.receive(1), std::to_string(i)) << "it waited for others";
        ++read;
    }
    EXPECT_EQ(client.end(), End::kFin);
}

TEST_F(Bytes, ThatNobodySendsAreNoProblem) {
    Peer peer(script::swallow);
    daemon.run({place.to_string(), peer.address()});
    for (int i = 0; i < 100; ++i) {
        Socket client = Socket::connect(place);
        if (i % 2 == 0) continue;  // and goes
        client.finish_sending();
        ASSERT_EQ(client.end(), End::kFin);
    }
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_TRUE(eventually([&] { return peer.open() == 0; }));
    EXPECT_EQ(daemon.lines("warning"), 0u) << daemon.log();
}

TEST_F(Bytes, CrossOverIPv6) {
    Peer peer(script::echo);
    const std::uint16_t port = free_port();
    daemon.run({std::to_string(port), peer.address()});
    try {
        Socket client = Socket::connect({"::1", port});
        client.send("v6");
        EXPECT_EQ(client.receive(2), "v6");
    } catch (const SocketError& error) {
        if (error.code == EADDRNOTAVAIL || error.code == EAFNOSUPPORT) GTEST_SKIP() << "no IPv6";
        throw;
    }
    Socket client = Socket::connect({"127.0.0.1", port});
    client.send("v4");
    EXPECT_EQ(client.receive(2), "v4");
}
