// A fixture: a proxy in this thread with one frontend and one backend, both of them sockets of the
// test. The proxy does something only while the test turns its poller. So the test decides what has
// arrived when the proxy looks, as for a process that was stopped, or busy with others.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "amba/net/descriptor.hpp"
#include "amba/net/tcp.hpp"
#include "amba/proxy/proxy.hpp"
#include "tests/unit/net/turned_loop.hpp"

namespace amba::test {

using namespace std::chrono_literals;

class ProxyFixture : public testing::Test, protected TurnedLoop {
  protected:
    ProxyFixture() {
        std::signal(SIGPIPE, SIG_IGN);  // as the daemon does: splice has no MSG_NOSIGNAL
        backend = listen_somewhere();
        const net::Descriptor placeholder = listen_somewhere();
        front = place_of(placeholder);
    }

    void SetUp() override { ASSERT_EQ(swap({plan({target(backend)})}), ""); }
    // A fixture overrides this to change settings of the frontend.
    virtual void change(proxy::Settings&) {}

    static proxy::Target target(const net::Descriptor& server) {
        proxy::Target out;
        out.endpoint = endpoint_of(place_of(server));
        out.origin = "backend";
        return out;
    }
    // The frontend at `front`, with these targets.
    proxy::Plan plan(std::vector<proxy::Target> targets) {
        proxy::Plan out;
        out.settings.name = "front";
        out.settings.bind.endpoint = endpoint_of(front);
        change(out.settings);
        out.targets = std::move(targets);
        return out;
    }
    // Swaps to this table. Returns "", or why it is refused.
    std::string swap(std::vector<proxy::Plan> plans) {
        std::string refused;
        bool over = false;
        const auto commit = [&](core::Result<proxy::PreparedTable> prepared) {
            if (prepared) return proxy.commit(std::move(*prepared), [&] { over = true; });
            refused = prepared.error().reason;
            over = true;
        };
        proxy.known([&](std::vector<proxy::FrontendBackends> known) {
            proxy::build(plans, known, 0);
            proxy.prepare(std::move(plans), commit);
        });
        while (!over)
            turn();
        turn();
        return refused;
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
    // A client of the frontend, which has not accepted it yet.
    net::Descriptor connect_client() { return connect_to(front); }
    static net::Descriptor connect_to(sockaddr_in place) {
        net::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&place), sizeof place), 0);
        return fd;
    }
    net::Descriptor accept() {
        return net::Descriptor(accept4(backend.get(), nullptr, nullptr, SOCK_CLOEXEC));
    }
    Ends connect() {
        Ends ends;
        ends.client = connect_client();
        turn_until_readable(backend);
        ends.server = accept();
        turn();
        return ends;
    }
    // The same ends, connected without the proxy.
    Ends connect_directly() {
        Ends ends;
        ends.client = connect_to(place_of(backend));
        ends.server = accept();
        return ends;
    }

    static void send_text(const net::Descriptor& fd, const std::string& text) {
        ASSERT_EQ(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    static void reset(net::Descriptor& fd) {
        net::reset_on_close(fd.get());
        fd.reset();
    }
    // Passes the whole of `text` from one end to the other.
    void pass(const net::Descriptor& from, const net::Descriptor& to, const std::string& text) {
        send_text(from, text);
        turn_until_readable(to);
        char buffer[64];
        ASSERT_EQ(recv(to.get(), buffer, sizeof buffer, 0), static_cast<ssize_t>(text.size()));
    }
    // Turns and reads until the end. Returns "BYTES, end" or "BYTES, reset".
    std::string read_to_end(const net::Descriptor& fd) {
        std::string got;
        char buffer[4096];
        const auto limit = core::Clock::now() + kLongestWait;
        while (core::Clock::now() < limit) {
            const ssize_t n = recv(fd.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (n > 0) got.append(buffer, static_cast<std::size_t>(n));
            if (n == 0) return got + ", end";
            if (n < 0 && errno == ECONNRESET) return got + ", reset";
            if (n < 0) turn();
        }
        return got + ", nothing more";
    }

    // Turns until there is something to read or to accept, so that the call for it does not block.
    void turn_until_readable(const net::Descriptor& fd) {
        pollfd ready{fd.get(), POLLIN, 0};
        EXPECT_TRUE(turn_until([&] { return poll(&ready, 1, 0) == 1; })) << "nothing comes";
    }

    proxy::Proxy proxy{poller, deadlines, 1, {}};
    net::Descriptor backend;
    sockaddr_in front{};
};

}  // namespace amba::test
