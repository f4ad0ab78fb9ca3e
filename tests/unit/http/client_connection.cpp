// Calls that end with their time, with a stop, or when they are given up: against peers that never
// do their part.
#include "amba/http/client_connection.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/error.hpp>
#include <thread>

#include "support/peer.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace amba::http;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::beast::error::timeout;
using ErrorCode = ClientConnection::ErrorCode;

namespace {

constexpr core::Duration kShort{150};

ClientConnection::Place place_of(const test::Place& place) {
    return asio::ip::tcp::endpoint(asio::ip::make_address(place.host), place.port);
}

core::Time in(core::Duration time) {
    return core::Clock::now() + time;
}

ErrorCode connect(ClientConnection& connection, const test::Place& place,
                  core::Duration time = 60s) {
    ErrorCode error;
    connection.connect(place_of(place), in(time), error);
    return error;
}

ErrorCode write(ClientConnection& connection, std::string_view bytes) {
    ErrorCode error;
    connection.write(bytes, error);
    return error;
}

// What one read has got; "!" and the failure when there is one.
std::string read(ClientConnection& connection) {
    char bytes[4096];
    ErrorCode error;
    const std::size_t got = connection.read(asio::buffer(bytes), error);
    return error ? "!" + error.message() : std::string(bytes, got);
}

std::string failure(const ErrorCode& error) {
    return "!" + error.message();
}

// More than the buffers of both kernels take.
const std::string kMuch(32 << 20, 'x');

// One of these is every call that waits: for a SYN's answer, for room, for bytes.
struct Waits {
    const char* what;
    std::function<ErrorCode(ClientConnection&)> call;
};

class ClientConnectionWaits : public testing::Test {
  protected:
    void each(const std::function<void(const Waits&)>& check) {
        const Waits all[] = {
            {"connect",
             [&](ClientConnection& one) {
                 return connect(one, silent.place());
             }},
            {"write",
             [&](ClientConnection& one) {
                 const ErrorCode error = connect(one, holding.place());
                 return error ? error : write(one, kMuch);
             }},
            {"read",
             [&](ClientConnection& one) {
                 ErrorCode error = connect(one, holding.place());
                 char byte = 0;
                 if (!error) one.read(asio::buffer(&byte, 1), error);
                 return error;
             }},
        };
        for (const Waits& waits : all) {
            SCOPED_TRACE(waits.what);
            const auto start = test::Clock::now();
            check(waits);
            EXPECT_LT(test::since(start), test::kAtOnce);
        }
    }

    test::SilentPeer silent;
    test::Peer holding{test::script::hold};
};

}  // namespace

TEST(ClientConnection, ThereAndBack) {
    const test::TempDir dir;
    const auto talk = [](const ClientConnection::Place& place) {
        ClientConnection connection(in(60s));
        ErrorCode error;
        connection.connect(place, in(60s), error);
        EXPECT_EQ(error, ErrorCode());
        EXPECT_EQ(write(connection, "question"), ErrorCode());
        std::string got;
        while (got.size() < 8 && !got.starts_with('!'))
            got += read(connection);
        EXPECT_EQ(got, "question");
    };
    const test::Peer tcp(test::script::echo);
    talk(place_of(tcp.place()));
    for (const std::string& path : {dir / "a.sock", "@" + dir.path()}) {
        const test::Peer peer = test::Peer::at_path(test::script::echo, path);
        talk(*socket_place(path));
    }
}

TEST(ClientConnection, TheEndOfTheStream) {
    const test::Peer peer(test::script::greet_then_close("bye"));
    ClientConnection connection(in(60s));
    ASSERT_EQ(connect(connection, peer.place()), ErrorCode());
    EXPECT_EQ(read(connection), "bye");
    EXPECT_EQ(read(connection), failure(asio::error::eof));
}

// After an address that does not answer there may be another.
TEST(ClientConnection, ConnectsElsewhere) {
    const test::SilentPeer silent;
    const test::RefusingPeer refusing;
    const test::Peer peer(test::script::greet_then_close("well"));
    ClientConnection connection(in(60s));
    EXPECT_EQ(connect(connection, refusing.place()), asio::error::connection_refused);
    EXPECT_EQ(connect(connection, silent.place(), kShort), timeout);
    ASSERT_EQ(connect(connection, peer.place()), ErrorCode());
    EXPECT_EQ(read(connection), "well");
}

TEST(ClientConnection, ConnectHasATimeOfItsOwn) {
    const test::SilentPeer silent;
    ClientConnection connection(in(60s));
    const auto start = test::Clock::now();
    EXPECT_EQ(connect(connection, silent.place(), kShort), timeout);
    EXPECT_GE(test::since(start), kShort);
    EXPECT_LT(test::since(start), test::kAtOnce);
}

TEST(ClientConnection, WriteAndReadEndWithTheirTime) {
    const test::Peer holding(test::script::hold);
    for (const bool writes : {true, false}) {
        ClientConnection connection(in(60s));
        ASSERT_EQ(connect(connection, holding.place()), ErrorCode());
        const auto start = test::Clock::now();
        connection.wait_until(in(kShort));
        if (writes)
            EXPECT_EQ(write(connection, kMuch), timeout);
        else
            EXPECT_EQ(read(connection), failure(timeout));
        EXPECT_GE(test::since(start), kShort);
        EXPECT_LT(test::since(start), test::kAtOnce);
    }
}

// A peer that takes a byte now and then does not prolong a write.
TEST(ClientConnection, ADripDoesNotProlong) {
    std::atomic<bool> over = false;
    const test::Peer dripping([&](test::Socket& client) {
        while (!over) {
            client.receive(1);
            std::this_thread::sleep_for(1ms);
        }
    });
    ClientConnection connection(in(60s));
    ASSERT_EQ(connect(connection, dripping.place()), ErrorCode());
    connection.wait_until(in(kShort));
    const auto start = test::Clock::now();
    EXPECT_EQ(write(connection, kMuch), timeout);
    EXPECT_LT(test::since(start), test::kAtOnce);
    over = true;
}

// What is ready when the time is over already is not waited for, nor taken.
TEST(ClientConnection, ATimeThatIsOver) {
    const test::Peer peer(test::script::greet_then_echo("well"));
    ClientConnection connection(in(60s));
    EXPECT_EQ(connect(connection, peer.place(), -1s), timeout);
    ASSERT_EQ(connect(connection, peer.place()), ErrorCode());
    connection.wait_until(in(-1s));
    EXPECT_EQ(read(connection), failure(timeout));
}

TEST_F(ClientConnectionWaits, ForAStopOfAnotherThread) {
    each([](const Waits& waits) {
        std::stop_source stop;
        ClientConnection connection(in(60s), stop.get_token());
        const std::jthread stopper([&] {
            std::this_thread::sleep_for(50ms);
            stop.request_stop();
        });
        EXPECT_EQ(waits.call(connection), asio::error::operation_aborted);
        EXPECT_TRUE(stop.stop_requested());
    });
}

TEST_F(ClientConnectionWaits, ForAStopAlone) {
    each([](const Waits& waits) {
        std::stop_source stop;
        ClientConnection connection(core::Time::max(), stop.get_token());
        const std::jthread stopper([&] {
            std::this_thread::sleep_for(50ms);
            stop.request_stop();
        });
        EXPECT_EQ(waits.call(connection), asio::error::operation_aborted);
    });
}

TEST_F(ClientConnectionWaits, ForNothingWhenStoppedBefore) {
    each([](const Waits& waits) {
        std::stop_source stop;
        stop.request_stop();
        ClientConnection connection(in(60s), stop.get_token());
        EXPECT_EQ(waits.call(connection), asio::error::operation_aborted);
    });
}

TEST_F(ClientConnectionWaits, UntilGivenUp) {
    each([](const Waits& waits) {
        const auto asker = std::this_thread::get_id();
        int looked = 0;
        const auto start = test::Clock::now();
        ClientConnection connection(in(60s), {}, [&] {
            EXPECT_EQ(std::this_thread::get_id(), asker);
            return ++looked == 4;
        });
        EXPECT_EQ(waits.call(connection), asio::error::operation_aborted);
        EXPECT_EQ(looked, 4);
        EXPECT_GE(test::since(start), 60ms);  // 20 from look to look
    });
}

TEST(SocketPlace, HasAPathOf107Bytes) {
    const std::string longest(107, 'a');
    EXPECT_TRUE(socket_place(longest));
    EXPECT_FALSE(socket_place(longest + "a"));
    EXPECT_TRUE(socket_place("@" + longest.substr(1)));
    EXPECT_FALSE(socket_place("@" + longest));
}
