// How a frontend treats its backends by what checks and connections say of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;
using namespace std::chrono_literals;
using proxy::BackendState;

namespace {

class Health : public test::ProxyFixture {
  protected:
    void SetUp() override { swap_both(); }
    void swap_both() { ASSERT_EQ(swap({plan({checked(backend), checked(other)})}), ""); }
    void change(proxy::Settings& settings) override {
        settings.close_on_marked_down = close_on_marked_down;
        settings.max_ejected = 100;
        settings.timeouts.connect = 400ms;
    }
    static proxy::Target checked(const net::Descriptor& server) {
        proxy::Target out = target(server);
        out.check = std::make_shared<core::Check>();
        return out;
    }
    // Reports a result of the check of the first backend.
    void mark(bool healthy) {
        core::Bind bind;
        bind.endpoint = endpoint_of(front);
        proxy.known([&](const std::vector<proxy::FrontendBackends>& known) {
            balance::Backend& first = *known.at(0).pool->members()[0].backend;
            proxy.mark(bind, first, healthy, healthy ? "" : "it answers nonsense");
        });
        turn();
    }
    proxy::BackendView first() const { return proxy.view().at(0).backends.at(0); }

    bool close_on_marked_down = false;
    net::Descriptor other = listen_somewhere();
};

}  // namespace

TEST_F(Health, OfABackendThatIsMarkedDownSendsClientsElsewhere) {
    Ends before = connect();
    mark(false);
    EXPECT_EQ(first().state, BackendState::kUnhealthy);
    EXPECT_EQ(first().why, "it answers nonsense");
    EXPECT_FALSE(first().usable);
    pass(before.client, before.server, "it is kept");
    std::vector<net::Descriptor> clients;
    for (int i = 0; i < 4; ++i)
        clients.push_back(connect_client());
    EXPECT_TRUE(
        turn_until([&] { return proxy.view().at(0).backends.at(1).connections_total == 4; }));
    mark(true);
    EXPECT_TRUE(first().usable);
    EXPECT_EQ(first().state, BackendState::kHealthy);
}

TEST_F(Health, OfABackendThatIsMarkedDownMayCloseItsConnections) {
    close_on_marked_down = true;
    swap_both();
    const Ends before = connect();
    mark(false);
    EXPECT_EQ(read_to_end(before.client), ", reset");
    EXPECT_EQ(read_to_end(before.server), ", reset");
}

// The first refuses: clients are served by the other, and it is left out for a while.
TEST_F(Health, OfABackendThatRefusesIsLearntFromConnects) {
    backend.reset();
    std::vector<net::Descriptor> clients;
    for (int i = 0; i < 8; ++i)
        clients.push_back(connect_client());
    EXPECT_TRUE(
        turn_until([&] { return proxy.view().at(0).backends.at(1).connections_total == 8; }));
    EXPECT_EQ(first().state, BackendState::kEjected);
    EXPECT_GE(first().connections_failed, 3u);
    EXPECT_GE(proxy.view().at(0).retries_total, 3u);
    EXPECT_EQ(proxy.view().at(0).connections_failed, 0u);
}

// A server that resets what it has accepted, before a byte: the client is served by another.
TEST_F(Health, OfABackendThatResetsAtOnceIsLearntToo) {
    net::Descriptor client = connect_client();
    turn_until_readable(backend);
    net::Descriptor server = accept();
    turn();
    reset(server);
    turn_until_readable(other);
    EXPECT_EQ(first().resets_total, 1u);
    server = net::Descriptor(accept4(other.get(), nullptr, nullptr, SOCK_CLOEXEC));
    turn();
    pass(client, server, "question");
}

TEST_F(Health, AfterAByteAResetIsPassedOn) {
    Ends ends = connect();
    pass(ends.client, ends.server, "question");
    reset(ends.server);
    EXPECT_EQ(read_to_end(ends.client), ", reset");
    EXPECT_EQ(first().resets_total, 1u);
}

TEST_F(Health, OfNoBackendAtAllResetsClients) {
    backend.reset();
    other.reset();
    const net::Descriptor client = connect_client();
    EXPECT_EQ(read_to_end(client), ", reset");
    EXPECT_EQ(proxy.view().at(0).connections_failed, 1u);
    EXPECT_EQ(proxy.connections().now, 0u);
}

// Each way to end is counted under HAProxy's two letters, with a line in the log or without.
TEST_F(Health, OfConnectionsIsHowTheyEnd) {
    for (const unsigned logged : {0u, 1u}) {
        proxy.log_connections(logged);
        Ends ends = connect();
        pass(ends.client, ends.server, "question");
        reset(ends.client);
        EXPECT_TRUE(turn_until([&] { return proxy.connections().now == 0; }));
        backend = std::exchange(other, std::move(backend));  // the one whose turn it is
    }
    const std::vector<proxy::EndedView> ended = proxy.view().at(0).ended;
    const auto aborted =
        std::find_if(ended.begin(), ended.end(), [](const auto& at) { return at.letters == "CD"; });
    ASSERT_NE(aborted, ended.end());
    EXPECT_EQ(aborted->count, 2u);
}
