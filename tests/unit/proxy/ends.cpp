// How a connection ends when several things have arrived before the proxy looks: a reset stays a
// reset, an end stays an end, and what came before them is handed on.
#include <gtest/gtest.h>

#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;

namespace {

class Ends : public test::ProxyFixture, public testing::WithParamInterface<bool> {
  protected:
    // The end that ends the connection, and the other one: client and server, or the other way
    // round.
    struct BothEnds {
        net::Descriptor ending;
        net::Descriptor other;
    };
    BothEnds connect_both() {
        ProxyFixture::Ends ends = connect();
        if (GetParam()) return {std::move(ends.client), std::move(ends.server)};
        return {std::move(ends.server), std::move(ends.client)};
    }
    void expect_all_is_over() {
        EXPECT_TRUE(turn_until([&] { return proxy.connections().now == 0; }));
    }
};

INSTANTIATE_TEST_SUITE_P(, Ends, testing::Bool(), [](const auto& by_client) {
    return by_client.param ? "ByTheClient" : "ByTheServer";
});

class Dial : public test::ProxyFixture {};

}  // namespace

// The send that fails is the first to meet the reset, and takes the error that a read would show.
TEST_P(Ends, ByAResetIsNoCleanEndForOneThatHasJustSent) {
    BothEnds at = connect_both();
    pass(at.ending, at.other, "part");
    send_text(at.other, "more");
    reset(at.ending);
    EXPECT_EQ(read_to_end(at.other), ", reset");
    expect_all_is_over();
}

TEST_P(Ends, ByAResetComesAfterTheLastWords) {
    BothEnds at = connect_both();
    send_text(at.other, "more");
    send_text(at.ending, "last words");
    reset(at.ending);
    EXPECT_EQ(read_to_end(at.other), "last words, reset");
    expect_all_is_over();
}

// A server does this that has answered in full and will not read the rest of the question.
TEST_P(Ends, BeforeAResetIsStillAnEnd) {
    BothEnds at = connect_both();
    pass(at.other, at.ending, "hello");
    send_text(at.other, "more");
    send_text(at.ending, "all of it");
    ASSERT_EQ(shutdown(at.ending.get(), SHUT_WR), 0);
    reset(at.ending);
    EXPECT_EQ(read_to_end(at.other), "all of it, end");
    expect_all_is_over();
}

TEST_P(Ends, AfterTheOthersEndBeforeAResetIsStillAnEnd) {
    BothEnds at = connect_both();
    ASSERT_EQ(shutdown(at.other.get(), SHUT_WR), 0);
    EXPECT_EQ(read_to_end(at.ending), ", end");
    send_text(at.ending, "all of it");
    ASSERT_EQ(shutdown(at.ending.get(), SHUT_WR), 0);
    reset(at.ending);
    EXPECT_EQ(read_to_end(at.other), "all of it, end");
    expect_all_is_over();
}

// In bulk: the bytes are in a pipe, and splice meets the reset.
TEST_P(Ends, ByAResetIsNoCleanEndForOneWhoseBytesAreSpliced) {
    BothEnds at = connect_both();
    pass(at.ending, at.other, "part");
    const std::string block(100'000, 'x');
    std::size_t stuck = 0;  // turns in a row in which nothing was taken
    while (stuck < 20) {
        turn_once();
        const ssize_t sent =
            send(at.other.get(), block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        stuck = sent < 0 ? stuck + 1 : 0;
    }
    std::string taken(1 << 20, '\0');  // room, so that the next turn splices
    ASSERT_GT(recv(at.ending.get(), taken.data(), taken.size(), MSG_DONTWAIT), 0);
    reset(at.ending);
    EXPECT_EQ(read_to_end(at.other), ", reset");
    expect_all_is_over();
}

TEST_F(Dial, AGreetingBeforeAResetArrives) {
    for (int i = 0; i < 20; ++i) {
        net::Descriptor client = connect_client();
        turn_once();  // connects, and has not seen that it is connected
        net::Descriptor server = accept();
        send_text(server, "busy, go away");
        reset(server);
        ASSERT_EQ(read_to_end(client), "busy, go away, reset");
    }
}

TEST_F(Dial, AGreetingBeforeTheEndAndAResetArrives) {
    net::Descriptor client = connect_client();
    turn_once();
    net::Descriptor server = accept();
    send_text(server, "busy, go away");
    ASSERT_EQ(shutdown(server.get(), SHUT_WR), 0);
    reset(server);
    EXPECT_EQ(read_to_end(client), "busy, go away, end");
}

TEST_F(Dial, NothingIsDeliveredOfAClientThatHasReset) {
    net::Descriptor client = connect_client();
    send_text(client, "question");
    reset(client);
    turn();
    const net::Descriptor server = accept();
    EXPECT_EQ(read_to_end(server), ", reset");
    EXPECT_EQ(proxy.connections().now, 0u);
}

TEST_F(Dial, AClientThatHasEndedIsServed) {
    net::Descriptor client = connect_client();
    send_text(client, "question");
    ASSERT_EQ(shutdown(client.get(), SHUT_WR), 0);
    turn();
    const net::Descriptor server = accept();
    EXPECT_EQ(read_to_end(server), "question, end");
    send_text(server, "answer");
    ASSERT_EQ(shutdown(server.get(), SHUT_WR), 0);
    EXPECT_EQ(read_to_end(client), "answer, end");
}
