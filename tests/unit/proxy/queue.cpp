// The queue of a frontend: who is in it, and who has left it.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/proxy/by_hand.hpp"

using namespace amba;
using namespace std::chrono_literals;

namespace {

class Queue : public test::ByHand {
  protected:
    void change(proxy::Settings& settings) override { settings.connect_timeout = 400ms; }

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

  private:
    sockaddr_in place_{};
};

}  // namespace

// The end of a pause is not the frontend's news: the connection itself leaves the queue.
TEST_F(Queue, IsLeftByOneWhosePauseIsOver) {
    stop_backend();
    const net::Descriptor client = knock();
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
    const net::Descriptor client = knock();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    EXPECT_EQ(heard(client), ", reset");
    EXPECT_EQ(queued(), 0u);
    EXPECT_EQ(proxy.connections(), 0u);
}

TEST_F(Queue, IsLeftByAClientThatGoes) {
    stop_backend();
    net::Descriptor client = knock();
    ASSERT_TRUE(turn_until([&] { return queued() == 1; }));
    reset(client);
    EXPECT_TRUE(turn_until([&] { return proxy.connections() == 0; }));
    EXPECT_EQ(queued(), 0u);
}
