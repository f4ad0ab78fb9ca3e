// How a connection ends when several things have arrived before the proxy looks: a reset stays a
// reset, an end an end, and what came before them is handed on.
#include <gtest/gtest.h>

#include "tests/unit/proxy/by_hand.hpp"

using namespace amba;

namespace {

class Ends : public test::ByHand, public testing::WithParamInterface<bool> {
  protected:
    // One that ends the connection, and the other: client and server, or the other way round.
    struct Two {
        net::Descriptor ending;
        net::Descriptor other;
    };
    Two two() {
        ByHand::Ends ends = connect();
        if (GetParam()) return {std::move(ends.client), std::move(ends.server)};
        return {std::move(ends.server), std::move(ends.client)};
    }
    void expect_all_is_over() {
        EXPECT_TRUE(turn_until([&] { return proxy.connections() == 0; }));
    }
};

INSTANTIATE_TEST_SUITE_P(, Ends, testing::Bool(), [](const auto& by_client) {
    return by_client.param ? "ByTheClient" : "ByTheServer";
});

class Dial : public test::ByHand {};

}  // namespace

// The send that fails is the first to meet the reset, and takes the error that a read would show.
TEST_P(Ends, ByAResetIsNoCleanEndForOneThatHasJustSent) {
    Two at = two();
    pass(at.ending, at.other, "part");
    say(at.other, "more");
    reset(at.ending);
    EXPECT_EQ(heard(at.other), ", reset");
    expect_all_is_over();
}

TEST_P(Ends, ByAResetComesAfterTheLastWords) {
    Two at = two();
    say(at.other, "more");
    say(at.ending, "last words");
    reset(at.ending);
    EXPECT_EQ(heard(at.other), "last words, reset");
    expect_all_is_over();
}

// As a server that has answered in full and will not read the rest of the question.
TEST_P(Ends, BeforeAResetIsStillAnEnd) {
    Two at = two();
    pass(at.other, at.ending, "hello");
    say(at.other, "more");
    say(at.ending, "all of it");
    ASSERT_EQ(shutdown(at.ending.get(), SHUT_WR), 0);
    reset(at.ending);
    EXPECT_EQ(heard(at.other), "all of it, end");
    expect_all_is_over();
}

TEST_P(Ends, AfterTheOthersEndBeforeAResetIsStillAnEnd) {
    Two at = two();
    ASSERT_EQ(shutdown(at.other.get(), SHUT_WR), 0);
    EXPECT_EQ(heard(at.ending), ", end");
    say(at.ending, "all of it");
    ASSERT_EQ(shutdown(at.ending.get(), SHUT_WR), 0);
    reset(at.ending);
    EXPECT_EQ(heard(at.other), "all of it, end");
    expect_all_is_over();
}

// In bulk: the bytes are in a pipe, and splice meets the reset.
TEST_P(Ends, ByAResetIsNoCleanEndForOneWhoseBytesAreSpliced) {
    Two at = two();
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
    EXPECT_EQ(heard(at.other), ", reset");
    expect_all_is_over();
}

TEST_F(Dial, AGreetingBeforeAResetArrives) {
    for (int i = 0; i < 20; ++i) {
        net::Descriptor client = knock();
        turn_once();  // connects, and has not seen that it is connected
        net::Descriptor server = accept();
        say(server, "busy, go away");
        reset(server);
        ASSERT_EQ(heard(client), "busy, go away, reset");
    }
}

TEST_F(Dial, AGreetingBeforeTheEndAndAResetArrives) {
    net::Descriptor client = knock();
    turn_once();
    net::Descriptor server = accept();
    say(server, "busy, go away");
    ASSERT_EQ(shutdown(server.get(), SHUT_WR), 0);
    reset(server);
    EXPECT_EQ(heard(client), "busy, go away, end");
}

TEST_F(Dial, NothingIsDeliveredOfAClientThatHasReset) {
    net::Descriptor client = knock();
    say(client, "question");
    reset(client);
    turn();
    const net::Descriptor server = accept();
    EXPECT_EQ(heard(server), ", reset");
    EXPECT_EQ(proxy.connections(), 0u);
}

TEST_F(Dial, AClientThatHasEndedIsServed) {
    net::Descriptor client = knock();
    say(client, "question");
    ASSERT_EQ(shutdown(client.get(), SHUT_WR), 0);
    turn();
    const net::Descriptor server = accept();
    EXPECT_EQ(heard(server), "question, end");
    say(server, "answer");
    ASSERT_EQ(shutdown(server.get(), SHUT_WR), 0);
    EXPECT_EQ(heard(client), "answer, end");
}
