// What a swap of the table does to connections.
#include <gtest/gtest.h>

#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;
using namespace std::chrono_literals;
using core::Removed;

namespace {

class Swap : public test::ProxyFixture {
  protected:
    void change(proxy::Settings& settings) override {
        settings.removed = removed;
        settings.timeouts.connect = 2000ms;
    }
    bool alive(const Ends& ends) {
        pass(ends.client, ends.server, "question");
        pass(ends.server, ends.client, "answer");
        return !HasFailure();
    }
    void expect_reset(const Ends& ends) {
        EXPECT_EQ(read_to_end(ends.client), ", reset");
        EXPECT_EQ(read_to_end(ends.server), ", reset");
    }
    std::vector<proxy::BackendView> backends() const { return proxy.view().at(0).backends; }
    void expect_nothing_is_left() {
        EXPECT_TRUE(turn_until([&] { return proxy.connections().now == 0; }));
    }
    void swap_to(const net::Descriptor& server) { EXPECT_EQ(swap({plan({target(server)})}), ""); }

    Removed removed;
    net::Descriptor other = listen_somewhere();
};

}  // namespace

TEST_F(Swap, KeepsTheConnectionsOfABackendThatLeaves) {
    Ends before = connect();
    swap_to(other);
    EXPECT_TRUE(alive(before));
    ASSERT_EQ(backends().size(), 2u);
    EXPECT_EQ(backends()[1].state, proxy::BackendState::kLeaving);
    const net::Descriptor client = connect_client();
    turn_until_readable(other);
    reset(before.client);
    EXPECT_TRUE(turn_until([&] { return backends().size() == 1; }));
}

TEST_F(Swap, ClosesTheConnectionsOfABackendThatLeavesAtOnce) {
    const Ends before = connect();
    removed = {Removed::Kind::kClose, 0ms};
    swap_to(other);
    expect_reset(before);
    expect_nothing_is_left();
}

TEST_F(Swap, ClosesThemWhenTheirTimeIsUp) {
    const Ends before = connect();
    removed = {Removed::Kind::kDrain, 40ms};
    swap_to(other);
    EXPECT_TRUE(alive(before));
    expect_reset(before);
    expect_nothing_is_left();
}

TEST_F(Swap, ThatBringsABackendBackEndsItsDrain) {
    const Ends before = connect();
    removed = {Removed::Kind::kDrain, 40ms};
    swap_to(other);
    swap_to(backend);
    poller.run(core::Clock::now() + 100ms);
    EXPECT_TRUE(alive(before));
    EXPECT_EQ(backends().size(), 1u);
}

// More backends than the log tells one by one.
TEST_F(Swap, MayTakeManyBackendsWithConnections) {
    constexpr int kMany = 15;
    std::vector<net::Descriptor> servers;
    std::vector<proxy::Target> targets;
    for (int i = 0; i < kMany; ++i) {
        servers.push_back(listen_somewhere());
        targets.push_back(target(servers.back()));
    }
    EXPECT_EQ(swap({plan(std::move(targets))}), "");
    std::vector<net::Descriptor> clients;
    for (int i = 0; i < kMany; ++i)
        clients.push_back(connect_client());
    ASSERT_TRUE(turn_until([&] {
        const auto now = backends();
        return std::all_of(now.begin(), now.end(),
                           [](const auto& at) { return at.connections_current == 1; });
    }));
    removed = {Removed::Kind::kClose, 0ms};
    swap_to(other);
    for (const net::Descriptor& client : clients)
        EXPECT_EQ(read_to_end(client), ", reset");
    expect_nothing_is_left();
}

// ---- a frontend that leaves ----

TEST_F(Swap, WithoutAFrontendKeepsItsConnections) {
    Ends before = connect();
    EXPECT_EQ(swap({}), "");
    EXPECT_TRUE(alive(before));
    EXPECT_TRUE(proxy.view().at(0).leaving);
    reset(before.client);
    EXPECT_TRUE(turn_until([&] { return proxy.view().empty(); }));
}

TEST_F(Swap, WithoutAFrontendClosesThemWhenTheirTimeIsUp) {
    removed = {Removed::Kind::kDrain, 40ms};
    swap_to(backend);
    const Ends before = connect();
    EXPECT_EQ(swap({}), "");
    EXPECT_TRUE(alive(before));
    expect_reset(before);
    expect_nothing_is_left();
}

TEST_F(Swap, WithoutAFrontendClosesThemAtOnce) {
    removed = {Removed::Kind::kClose, 0ms};
    swap_to(backend);
    const Ends before = connect();
    EXPECT_EQ(swap({}), "");
    expect_reset(before);
    expect_nothing_is_left();
}

TEST_F(Swap, BringsAFrontendBackWithItsConnections) {
    const Ends before = connect();
    EXPECT_EQ(swap({}), "");
    removed = {Removed::Kind::kClose, 0ms};
    swap_to(other);
    expect_reset(before);
    const net::Descriptor client = connect_client();
    turn_until_readable(other);
    EXPECT_FALSE(proxy.view().at(0).leaving);
}

TEST_F(Swap, IsRefusedWholeWhereAPortIsTaken) {
    const Ends before = connect();
    proxy::Plan wrong = plan({target(other)});
    wrong.settings.bind.endpoint = endpoint_of(place_of(other));
    const std::string refused = swap({plan({target(other)}), std::move(wrong)});
    EXPECT_NE(refused.find("taken by another process"), std::string::npos) << refused;
    EXPECT_TRUE(alive(before));
    EXPECT_TRUE(alive(connect()));
}

// PORT in place of ADDRESS:PORT, and back: nobody is refused in between.
TEST_F(Swap, BetweenOneAddressAndAllRefusesNobody) {
    proxy::Plan wide = plan({target(backend)});
    wide.settings.bind.wildcard = true;
    wide.settings.bind.endpoint.address = core::Address::v6({});
    // One that is in the kernel's queue at the swap, and one after it.
    const auto both_are_served = [this](Ends waiting) {
        turn_until_readable(backend);
        waiting.server = accept();
        return alive(waiting) && alive(connect());
    };
    Ends waiting{connect_client(), {}};
    EXPECT_EQ(swap({std::move(wide)}), "");
    EXPECT_TRUE(both_are_served(std::move(waiting)));
    waiting = {connect_client(), {}};
    EXPECT_EQ(swap({plan({target(backend)})}), "");
    EXPECT_TRUE(both_are_served(std::move(waiting)));
    poller.run(core::Clock::now() + 150ms);
    EXPECT_TRUE(alive(connect()));
}

// ---- while a connection dials ----

// A server whose queue is full: it answers nobody.
class SwapWhileItDials : public Swap {
  protected:
    SwapWhileItDials() {
        EXPECT_EQ(listen(silent.get(), 0), 0);
        filling = connect_to(place_of(silent));
    }
    void change(proxy::Settings& settings) override {
        Swap::change(settings);
        settings.hedge = hedge;
    }
    bool hedge = false;
    net::Descriptor silent = listen_somewhere();
    net::Descriptor filling;
};

TEST_F(SwapWhileItDials, ItsBackendLeavesAndAnotherIsDialed) {
    removed = {Removed::Kind::kClose, 0ms};
    swap_to(silent);
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until(
        [&] { return backends()[0].connections_current == 1 || proxy.connections().now == 1; }));
    swap_to(other);
    turn_until_readable(other);
}

TEST_F(SwapWhileItDials, ItsBackendStaysForItWithKeepAndANewOneIsRaced) {
    hedge = true;
    swap_to(silent);
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return proxy.connections().now == 1; }));
    swap_to(other);
    turn_until_readable(other);
    EXPECT_EQ(proxy.view().at(0).hedges_total, 1u);
}

TEST_F(SwapWhileItDials, ASlowBackendIsRaced) {
    hedge = true;
    EXPECT_EQ(swap({plan({target(silent), target(other)})}), "");
    const net::Descriptor client = connect_client();
    turn_until_readable(other);
    EXPECT_EQ(proxy.view().at(0).hedges_total, 1u);
    net::Descriptor server(accept4(other.get(), nullptr, nullptr, SOCK_CLOEXEC));
    turn();
    EXPECT_TRUE(alive({net::Descriptor(dup(client.get())), std::move(server)}));
}

// Both backends of a race leave: the connection has none any more, and waits for another.
TEST_F(SwapWhileItDials, BothOfARaceMayLeave) {
    hedge = true;
    net::Descriptor silent_too = listen_somewhere();
    EXPECT_EQ(listen(silent_too.get(), 0), 0);
    const net::Descriptor filling_too = connect_to(place_of(silent_too));
    removed = {Removed::Kind::kClose, 0ms};
    EXPECT_EQ(swap({plan({target(silent), target(silent_too)})}), "");
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return proxy.view().at(0).hedges_total == 1; }));
    swap_to(other);
    turn_until_readable(other);
}

TEST_F(SwapWhileItDials, AllIsResetInTheEnd) {
    swap_to(silent);
    const net::Descriptor client = connect_client();
    ASSERT_TRUE(turn_until([&] { return proxy.connections().now == 1; }));
    bool empty = false;
    proxy.when_empty([&] { empty = true; });
    proxy.stop_listening();
    EXPECT_FALSE(empty);
    proxy.abort_all();
    EXPECT_TRUE(empty);
    EXPECT_EQ(read_to_end(client), ", reset");
}
