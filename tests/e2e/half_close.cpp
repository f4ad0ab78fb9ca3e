// One side has sent its FIN, and the other goes on sending. Proxies that close both directions at
// the first FIN lose the answer.
#include <gtest/gtest.h>

#include "support/daemon.hpp"
#include "support/pattern.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class HalfClose : public testing::Test {
  protected:
    Socket through(Peer& peer) {
        daemon.run({place.to_string(), peer.address()});
        return Socket::connect(place);
    }
    Daemon daemon;
    const Place place = own_place();
};

}  // namespace

TEST_F(HalfClose, OfTheClientLeavesTheWayForALateReply) {
    Peer peer([](Socket& client) {
        const std::string question = client.receive_to_end();
        std::this_thread::sleep_for(300ms);
        client.send("answer to " + question);
    });
    Socket client = through(peer);
    client.send("question");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "answer to question");
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_TRUE(peer.errors().empty());
}

TEST_F(HalfClose, OfTheServerLetsTheClientGoOn) {
    std::atomic<bool> heard{false};
    Peer peer([&](Socket& client) {
        client.send("all I have to say");
        client.finish_sending();
        heard = client.receive_to_end() == "and yet I go on";
    });
    Socket client = through(peer);
    EXPECT_EQ(client.receive_to_end(), "all I have to say");
    std::this_thread::sleep_for(100ms);
    client.send("and yet ");
    client.send("I go on");
    client.finish_sending();
    EXPECT_TRUE(eventually([&] { return peer.open() == 0; }));
    EXPECT_TRUE(heard);
}

TEST_F(HalfClose, WithTheFirstBytesIsPassedOnWithThem) {
    Peer peer(script::answer_late);
    Socket client = through(peer);
    client.send("x");
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "x");
}

TEST_F(HalfClose, WithoutAByteIsPassedOn) {
    Peer peer([](Socket& client) { client.send(client.receive_to_end() + "nothing was said"); });
    Socket client = through(peer);
    client.finish_sending();
    EXPECT_EQ(client.receive_to_end(), "nothing was said");
}

TEST_F(HalfClose, WhileDialingIsNoReasonToGiveUp) {
    SilentPeer silent;
    Peer peer(script::answer_late);
    daemon.run({place.to_string(), "timeouts.connect=60s", silent.address(), peer.address()});
    for (int i = 0; i < 2; ++i) {  // one of two asks the silent backend first
        Socket client = Socket::connect(place);
        client.send("early");
        client.finish_sending();
        EXPECT_EQ(client.receive_to_end(), "early");
    }
}

TEST_F(HalfClose, AfterAMegabyteLosesNothing) {
    Peer peer(script::answer_late);
    Socket client = through(peer);
    Pattern sent(seed());
    const std::string bytes = sent.next(8 << 20);
    client.send(bytes);
    client.finish_sending();
    EXPECT_TRUE(client.receive_to_end() == bytes);
}

TEST_F(HalfClose, OfBothSidesEndsTheConnection) {
    Peer peer([](Socket& client) {
        client.finish_sending();
        client.receive_to_end();
    });
    Socket client = through(peer);
    client.finish_sending();
    EXPECT_EQ(client.end(), End::kFin);
    EXPECT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
}
