// The hot room allocates once for a connection and never for bytes.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <new>
#include <string>

#include "amba/net/descriptor.hpp"
#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;
using namespace std::chrono_literals;

namespace {

std::size_t g_allocations = 0;

}  // namespace

// g++ 12 takes the two of a pair that it has inlined apart for a mismatch (GCC bug 103993).
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
// These count the allocations of this program.
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

class Allocations : public test::ProxyFixture {};

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
        // The session, and what Asio needs for the timer now and then. Under a sanitizer what it
        // has while it dials comes from the heap, too.
#ifdef AMBA_SANITIZED
    constexpr std::size_t kEach = 2;
#else
    constexpr std::size_t kEach = 1;
#endif
    EXPECT_LE(g_allocations - before, kEach * kConnections + kConnections / 2);
    for (int i = 0; i < 1000 && proxy.connections().now > 0; ++i)
        turn();
    EXPECT_EQ(proxy.connections().now, 0u);
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
    // A chunk that the sink does not take whole is kept in a stash, which hardly ever happens in
    // bulk.
    EXPECT_LE(g_allocations - before, 8u);
}
