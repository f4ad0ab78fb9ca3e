// The hot room allocates once for a connection and never for bytes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/executor_work_guard.hpp>
#include <cstdlib>
#include <new>
#include <string>

#include "amba/net/descriptor.hpp"
#include "amba/proxy/proxy.hpp"

using namespace amba;
using namespace std::chrono_literals;

namespace {

std::size_t g_allocations = 0;

}  // namespace

// Of this program alone.
void* operator new(std::size_t size) {
    ++g_allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

class Allocations : public testing::Test {
  protected:
    Allocations() {
        backend = listen_somewhere();
        const net::Descriptor placeholder = listen_somewhere();
        front = place_of(placeholder);
    }

    void SetUp() override {
        std::vector<proxy::Plan> plans(1);
        plans[0].settings.name = "front";
        plans[0].settings.bind.endpoint = endpoint_of(front);
        plans[0].targets.push_back({endpoint_of(place_of(backend)), 1, false, "backend"});
        proxy::build(plans, {}, 0);
        bool swapped = false;
        proxy.prepare(std::move(plans), [&](core::Result<proxy::Prepared> prepared) {
            ASSERT_TRUE(prepared);
            proxy.commit(std::move(*prepared), [&] { swapped = true; });
        });
        while (!swapped)
            turn();
        turn();
    }

    static net::Descriptor listen_somewhere() {
        net::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        EXPECT_EQ(listen(fd.get(), 64), 0);
        return fd;
    }
    static sockaddr_in place_of(const net::Descriptor& fd) {
        sockaddr_in out{};
        socklen_t length = sizeof out;
        EXPECT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&out), &length), 0);
        return out;
    }
    static core::Endpoint endpoint_of(const sockaddr_in& place) {
        return core::Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&place));
    }

    struct Ends {
        net::Descriptor client;
        net::Descriptor server;
    };
    Ends connect() {
        Ends ends;
        ends.client.reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(ends.client.get(), reinterpret_cast<sockaddr*>(&front), sizeof front),
                  0);
        turn_until_readable(backend);
        ends.server.reset(accept4(backend.get(), nullptr, nullptr, SOCK_CLOEXEC));
        turn();
        return ends;
    }
    // The whole of `text` from one end to the other.
    void pass(const net::Descriptor& from, const net::Descriptor& to, const std::string& text) {
        ASSERT_EQ(send(from.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
        turn_until_readable(to);
        char buffer[64];
        ASSERT_EQ(recv(to.get(), buffer, sizeof buffer, 0), static_cast<ssize_t>(text.size()));
    }
    void turn() { poller.run(core::Clock::now() + 3ms); }
    // Turns until there is something to read or to accept, so that the call for it does not block.
    void turn_until_readable(const net::Descriptor& fd) {
        pollfd ready{fd.get(), POLLIN, 0};
        for (const auto limit = core::Clock::now() + 60s; core::Clock::now() < limit;) {
            turn();
            if (poll(&ready, 1, 0) == 1) return;
        }
        FAIL() << "nothing comes";
    }

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    net::Poller poller{loop};
    net::Deadlines deadlines{loop};
    proxy::Proxy proxy{poller, deadlines, 1, {}};
    net::Descriptor backend;
    sockaddr_in front{};
};

}  // namespace

TEST_F(Allocations, AreOneForAConnection) {
    constexpr std::size_t kConnections = 50;
    const auto whole_life = [&] {
        Ends ends = connect();
        pass(ends.client, ends.server, "question");
        pass(ends.server, ends.client, "answer");
        ends.client.reset();
        turn();
        ends.server.reset();
        turn();
    };
    for (int i = 0; i < 5; ++i)
        whole_life();  // lists reach their size
    const std::size_t before = g_allocations;
    for (std::size_t i = 0; i < kConnections; ++i)
        whole_life();
    // The session, and what Asio needs for the timer now and then.
    EXPECT_LE(g_allocations - before, kConnections + kConnections / 2);
    for (int i = 0; i < 1000 && proxy.connections() > 0; ++i)
        turn();
    EXPECT_EQ(proxy.connections(), 0u);
}

TEST_F(Allocations, AreNoneForBytes) {
    Ends ends = connect();
    ASSERT_EQ(fcntl(ends.client.get(), F_SETFL, O_NONBLOCK), 0);
    ASSERT_EQ(fcntl(ends.server.get(), F_SETFL, O_NONBLOCK), 0);
    std::string chunk(256 * 1024, 'x');
    std::string taken(1024 * 1024, '\0');
    const auto move = [&](std::size_t bytes) {
        std::size_t sent = 0;
        std::size_t got = 0;
        const auto limit = core::Clock::now() + 60s;
        while (got < bytes && core::Clock::now() < limit) {
            const std::size_t want = std::min(chunk.size(), bytes - sent);
            if (want > 0) {
                const ssize_t n = send(ends.client.get(), chunk.data(), want, MSG_NOSIGNAL);
                if (n > 0) sent += static_cast<std::size_t>(n);
            }
            poller.run(core::Clock::now());
            const ssize_t n = recv(ends.server.get(), taken.data(), taken.size(), 0);
            if (n > 0) got += static_cast<std::size_t>(n);
        }
        return got;
    };
    constexpr std::size_t kMegabyte = 1'000'000;
    ASSERT_EQ(move(8 * kMegabyte), 8 * kMegabyte);
    const std::size_t before = g_allocations;
    ASSERT_EQ(move(64 * kMegabyte), 64 * kMegabyte);
    // What a sink does not take of a copied chunk is kept until it does: hardly ever in bulk.
    EXPECT_LE(g_allocations - before, 8u);
}
