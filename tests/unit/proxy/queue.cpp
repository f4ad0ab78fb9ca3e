// The queue of a frontend: which connections are in it, and when they leave it.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;
using namespace std::chrono_literals;

namespace {

class Queue : public test::ProxyFixture {
  protected:
    void change(proxy::Settings& settings) override { settings.timeouts.connect = 400ms; }

    std::uint64_t queued() const { return proxy.view().at(0).queue_current; }
    // The backend listens no more: connects are refused.
    void stop_backend() {
        place_ = place_of(backend);
        backend.reset();
    }
    void start_backend() {
        backend = net::Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        ASSERT_EQ(setsockopt(backend.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
        ASSERT_EQ(bind(backend.get(), reinterpret_cast<sockaddr*>(&place_), sizeof place_), 0)
            << std::strerror(errno);
        ASSERT_EQ(listen(backend.get(), 64), 0);
    }

    proxy::Target one_at_a_time() {
        proxy::Target out = target(backend);
        out.maxconn = 1;
        return out;
    }

  private:
    sockaddr_in place_{};
};

class Maxconn : public Queue {
  protected:
    void SetUp() override { ASSERT_EQ(swap({plan({one_at_a_time()})}), ""); }
    void change(proxy::Settings& settings) override {
        settings.timeouts.queue = queue_timeout;
        settings.empty = hold ? core::Empty::kHold : core::Empty::kRefuse;
        settings.maxconn = maxconn;
    }
    core::Duration queue_timeout{10'000};
    bool hold = false;
    int maxconn = 0;
};

}  // namespace

// The frontend hears nothing of the end of a pause: the connection itself leaves the queue.
TEST_F(Queue, IsLeftByOneWhosePauseIsOver) {
    stop_backend();
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    start_backend();
    turn_until_readable(backend);
    const net::Descriptor server = accept();
    turn();
    EXPECT_EQ(queued(), 0u);
    pass(client, server, "question");
    pass(server, client, "answer");
}

TEST_F(Queue, IsLeftByOneThatHasWaitedToTheEndOfItsTime) {
    stop_backend();
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    EXPECT_EQ(read_to_end(client), ", reset");
    EXPECT_EQ(queued(), 0u);
    EXPECT_EQ(proxy.connections().now, 0u);
}

TEST_F(Queue, IsLeftByAClientThatGoes) {
    stop_backend();
    net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    reset(client);
    EXPECT_TRUE(turn_until([&] { return proxy.connections().now == 0; }));
    EXPECT_EQ(queued(), 0u);
}

TEST_F(Maxconn, OfABackendIsWaitedForInOrder) {
    Ends served = connect();
    const net::Descriptor second = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    const net::Descriptor third = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 2; }));
    reset(served.client);
    turn_until_readable(backend);
    net::Descriptor server = accept();
    turn();
    EXPECT_EQ(queued(), 1u);
    pass(second, server, "second");
    reset(server);
    EXPECT_EQ(read_to_end(second), ", reset");
    turn_until_readable(backend);
    server = accept();
    turn();
    pass(third, server, "third");
    EXPECT_EQ(queued(), 0u);
}

TEST_F(Maxconn, OfABackendIsWaitedForUntilTheTimeIsOver) {
    queue_timeout = 50ms;
    ASSERT_EQ(swap({plan({one_at_a_time()})}), "");
    const Ends served = connect();
    const net::Descriptor second = connect_client();
    EXPECT_EQ(read_to_end(second), ", reset");
    EXPECT_EQ(proxy.view().at(0).queue_timeouts, 1u);
    EXPECT_EQ(queued(), 0u);
}

TEST_F(Maxconn, ThatIsRaisedLetsThemIn) {
    const Ends served = connect();
    const net::Descriptor second = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    ASSERT_EQ(swap({plan({target(backend)})}), "");
    turn_until_readable(backend);
    EXPECT_EQ(queued(), 0u);
}

TEST_F(Maxconn, OfAFrontendLeavesTheRestToTheKernel) {
    maxconn = 1;
    ASSERT_EQ(swap({plan({target(backend)})}), "");
    Ends served = connect();
    const net::Descriptor second = connect_client();
    poller.run(core::Clock::now() + 20ms);
    EXPECT_TRUE(proxy.view().at(0).at_maxconn);
    EXPECT_EQ(proxy.connections().now, 1u);
    reset(served.client);
    turn_until_readable(backend);
    EXPECT_EQ(proxy.view().at(0).connections_total, 2u);
}

TEST_F(Maxconn, WithoutABackendAClientWaitsForOne) {
    hold = true;
    ASSERT_EQ(swap({plan({})}), "");
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    ASSERT_EQ(swap({plan({target(backend)})}), "");
    turn_until_readable(backend);
    EXPECT_EQ(queued(), 0u);
}

TEST_F(Maxconn, WithoutABackendAClientIsResetWhereNobodyIsToWait) {
    ASSERT_EQ(swap({plan({})}), "");
    const net::Descriptor client = connect_client();
    EXPECT_EQ(read_to_end(client), ", reset");
    EXPECT_EQ(proxy.without_backend(), "front");
    EXPECT_EQ(proxy.view().at(0).connections_failed, 1u);
}

// All connections that wait are told at once, also of a swap that takes away what they wait for.
TEST_F(Maxconn, WhoWaitsInVainIsResetByTheSwap) {
    const Ends served = connect();
    const net::Descriptor second = connect_client();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    ASSERT_EQ(swap({plan({})}), "");
    EXPECT_EQ(read_to_end(second), ", reset");
    EXPECT_EQ(queued(), 0u);
}
