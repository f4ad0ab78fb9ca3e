// A request and its response: what may become of both.
#include "amba/http/exchange.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "support/peer.hpp"
#include "support/temp_dir.hpp"

using namespace amba;
using namespace std::chrono_literals;
using boost::beast::http::error;
using boost::beast::http::field;
using http::ClientConnection;
using ErrorCode = ClientConnection::ErrorCode;

namespace {

http::Request request(const std::string& body = {}) {
    http::Request out;
    out.method(body.empty() ? boost::beast::http::verb::get : boost::beast::http::verb::post);
    out.target("/x");
    out.set(field::host, "h");
    out.body() = body;
    out.prepare_payload();
    return out;
}

// A connection to a server of its own.
struct Served {
    explicit Served(test::Script script, core::Duration time = 60s) :
        peer(test::Peer::at_path(std::move(script), path)), connection(core::Clock::now() + time) {
        ErrorCode failure;
        connection.connect(*http::socket_place(path), core::Clock::now() + time, failure);
        EXPECT_EQ(failure, ErrorCode());
    }

    const test::TempDir dir;
    const std::string path = dir / "http.sock";
    test::Peer peer;
    ClientConnection connection;
};

// Says these bytes to the question, and closes or does not.
test::Script saying(const std::string& bytes, bool closes = true) {
    return [=](test::Socket& client) {
        std::string asked;
        while (!asked.ends_with("\r\n\r\n"))
            asked += client.receive_some();
        client.send(bytes);
        if (!closes) test::script::swallow(client);
    };
}

struct Response {
    unsigned status = 0;
    std::string body = {};
    ErrorCode failure = {};
};

Response ask(ClientConnection& connection) {
    Response out;
    http::Exchange exchange(connection);
    exchange.ask(request(), out.failure);
    if (!out.failure) out.status = exchange.header().result_int();
    while (!out.failure && !exchange.is_done())
        out.body += exchange.read_some(out.failure);
    return out;
}

Response response_to(const std::string& bytes, bool closes = true, core::Duration time = 60s) {
    Served served(saying(bytes, closes), time);
    return ask(served.connection);
}

std::string outcome(const std::string& bytes, bool closes = true) {
    const Response out = response_to(bytes, closes);
    EXPECT_EQ(out.failure, ErrorCode());
    return std::to_string(out.status) + " " + out.body;
}

const std::string kOk = "HTTP/1.1 200 OK\r\n";
const std::string kChunked = kOk + "Transfer-Encoding: chunked\r\n\r\n";

std::string with_length(const std::string& body) {
    return kOk + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

// In one piece, so that TCP sends it at once.
TEST(Exchange, TheRequestAndItsBody) {
    for (const std::string& body : {std::string(), std::string("body")}) {
        std::string first;
        {
            Served served([&](test::Socket& client) {
                first = client.receive_some();
                client.send(with_length(""));
            });
            ErrorCode failure;
            http::Exchange(served.connection).ask(request(body), failure);
            EXPECT_EQ(failure, ErrorCode());
        }
        EXPECT_EQ(first, body.empty()
                             ? "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
                             : "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody");
    }
}

// Whatever was answered before.
TEST(Exchange, ARequestThatIsNotTaken) {
    Served served([](test::Socket& client) {
        client.send(with_length("early"));
        client.receive(1);
    });
    ErrorCode failure;
    http::Exchange(served.connection).ask(request(std::string(8 << 20, 'x')), failure);
    EXPECT_TRUE(failure == boost::asio::error::connection_reset ||
                failure == boost::asio::error::broken_pipe)
        << failure.message();
}

TEST(Exchange, ResponsesOfAllForms) {
    const std::string large(3'000'001, 'x');
    // Whose end is known does not wait for that of the connection.
    EXPECT_EQ(outcome(with_length("body"), false), "200 body");
    EXPECT_EQ(outcome(with_length(""), false), "200 ");
    EXPECT_EQ(outcome(with_length(large), false), "200 " + large);
    EXPECT_EQ(outcome("HTTP/1.1 204 No Content\r\n\r\n", false), "204 ");
    EXPECT_EQ(outcome(kChunked + "3\r\nin \r\n6\r\npieces\r\n0\r\n\r\n", false), "200 in pieces");
    EXPECT_EQ(outcome(kOk + "\r\nto the end"), "200 to the end");
    EXPECT_EQ(outcome("HTTP/1.0 404 No\r\n\r\n" + large), "404 " + large);
}

TEST(Exchange, PiecesAsTheyCome) {
    std::atomic<int> read = 0;
    Served served([&](test::Socket& client) {
        client.receive_some();
        client.send(kOk + "X-Y: z\r\n\r\n");
        for (const char* bytes : {"one", "two"}) {
            const int before = read;
            client.send(bytes);
            test::eventually([&] { return read != before; });
        }
    });
    ErrorCode failure;
    http::Exchange exchange(served.connection);
    exchange.ask(request(), failure);
    EXPECT_EQ(exchange.header()["x-y"], "z");
    std::vector<std::string> pieces;
    while (!failure && !exchange.is_done()) {
        const std::string piece(exchange.read_some(failure));
        if (!piece.empty()) pieces.push_back(piece);
        ++read;
    }
    EXPECT_EQ(failure, ErrorCode());
    EXPECT_EQ(pieces, (std::vector<std::string>{"one", "two"}));
}

// All of it is there before it is asked for: each read fills what it reads into.
TEST(Exchange, FullPieces) {
    const std::string body(150'000, 'x');
    std::atomic<bool> sent = false;
    Served served([&](test::Socket& client) {
        client.send(with_length(body));
        sent = true;
        test::script::swallow(client);
    });
    ASSERT_TRUE(test::eventually([&] { return sent.load(); }));
    ErrorCode failure;
    http::Exchange exchange(served.connection);
    exchange.ask(request(), failure);
    std::vector<std::size_t> sizes;
    while (!failure && !exchange.is_done())
        sizes.push_back(exchange.read_some(failure).size());
    EXPECT_EQ(failure, ErrorCode());
    EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), body.size());
    EXPECT_LE(sizes.size(), 6U);  // of 64 KB, and not of Beast's 512 bytes
}

TEST(Exchange, APeerThatCloses) {
    EXPECT_EQ(response_to("").failure, error::end_of_stream);
    for (const std::string& whole :
         {with_length("body"), kChunked + "3\r\nin \r\n6\r\npieces\r\n0\r\n\r\n"}) {
        for (std::size_t size = 1; size < whole.size(); ++size)
            EXPECT_EQ(response_to(whole.substr(0, size)).failure, error::partial_message) << size;
    }
}

TEST(Exchange, WhatCameBeforeTheEndIsHandedOn) {
    const Response out = response_to(kOk + "Content-Length: 9\r\n\r\nbod");
    EXPECT_EQ(out.failure, error::partial_message);
    EXPECT_EQ(out.body, "bod");
}

TEST(Exchange, Garbage) {
    EXPECT_EQ(response_to("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", false).failure, error::bad_version);
    EXPECT_EQ(response_to(std::string(4096, '\0'), false).failure, error::bad_version);
    EXPECT_EQ(response_to(kOk + "Content-Length: many\r\n\r\n", false).failure,
              error::bad_content_length);
    EXPECT_EQ(response_to(kChunked + "no length\r\n", false).failure, error::bad_chunk);
}

TEST(Exchange, Limits) {
    const std::string begin = kOk + "X: ";
    const std::string fits(60'000, 'a');
    EXPECT_EQ(outcome(begin + fits + "\r\nContent-Length: 0\r\n\r\n", false), "200 ");
    EXPECT_EQ(response_to(begin + fits + fits, false).failure, error::header_limit);
    EXPECT_EQ(response_to(kOk + "Content-Length: 268435457\r\n\r\n", false).failure,
              error::body_limit);
    EXPECT_EQ(response_to(kChunked + "10000001\r\n", false).failure, error::body_limit);
    EXPECT_EQ(response_to(kOk + "Content-Length: 268435456\r\n\r\n").failure,
              error::partial_message);
}

TEST(Exchange, ABodyOfAnyLength) {
    for (const bool any : {false, true}) {
        Served served(saying(kChunked + "10000001\r\nx"));
        ErrorCode failure;
        http::Exchange exchange(served.connection);
        exchange.ask(request(), failure);
        ASSERT_EQ(failure, ErrorCode());
        if (any) exchange.expect_no_end();
        while (!failure && !exchange.is_done())
            exchange.read_some(failure);
        EXPECT_EQ(failure, any ? error::partial_message : error::body_limit);
    }
}

TEST(Exchange, AfterTheHeader) {
    Served served(saying("HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nbytes", false));
    ErrorCode failure;
    http::Exchange exchange(served.connection);
    exchange.ask(request(), failure);
    ASSERT_EQ(failure, ErrorCode());
    EXPECT_EQ(exchange.header().result_int(), 101U);
    EXPECT_EQ(exchange.after_header(), "bytes");
}

TEST(Exchange, EndsWithItsTime) {
    for (const std::string& begun :
         {std::string(), kOk, kOk + "\r\nbegun", with_length("body").substr(0, 40), kChunked}) {
        const auto start = test::Clock::now();
        EXPECT_EQ(response_to(begun, false, 100ms).failure, boost::beast::error::timeout) << begun;
        EXPECT_LT(test::since(start), test::kAtOnce);
    }
}

// The time is for all of it: bytes that drip do not prolong it.
TEST(Exchange, ADripDoesNotProlong) {
    const auto drip = [](test::Socket& client) {
        client.send(kOk + "\r\n");
        for (;;) {
            client.send("x");
            std::this_thread::sleep_for(5ms);
        }
    };
    Served served(drip, 200ms);
    const auto start = test::Clock::now();
    const Response out = ask(served.connection);
    EXPECT_EQ(out.failure, boost::beast::error::timeout);
    EXPECT_FALSE(out.body.empty());
    EXPECT_LT(test::since(start), test::kAtOnce);
}
