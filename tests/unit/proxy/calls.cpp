// The proxy while the calls that open a connection fail: what this host lacks for a moment resets
// no client that could have waited, and is held against no backend.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>

#include "amba/net/budget.hpp"
#include "support/system_calls.hpp"
#include "tests/unit/proxy/proxy_fixture.hpp"

using namespace amba;
using namespace std::chrono_literals;
using test::Call;
using test::SystemCalls;

namespace {

class CallFails : public test::ProxyFixture {
  protected:
    void change(proxy::Settings& settings) override { settings.timeouts.connect = 3000ms; }

    // A client connects while the next call of that kind fails, and must be served in the end.
    void expect_served(Call call, int error) {
        SCOPED_TRACE(std::string(to_string(call)) + ": " + std::strerror(error));
        const net::Descriptor client = connect_client();
        const SystemCalls calls({call, 0, error});
        turn_until_readable(backend);
        ASSERT_FALSE(HasFailure());
        const net::Descriptor server = accept();
        turn();
        EXPECT_TRUE(calls.met());
        pass(client, server, "question");
        pass(server, client, "answer");
    }
    std::uint64_t failed() const { return proxy.view().at(0).backends.at(0).connections_failed; }
};

}  // namespace

// accept(2): what is wrong with one connection in the queue, and what this process lacks.
TEST_F(CallFails, OfAcceptingAndTheClientIsServed) {
    for (const int error : {ECONNABORTED, EPROTO, EPERM, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM})
        expect_served(Call::kAccept, error);
}

TEST_F(CallFails, OfDialingForWantOfWhatThisHostHasAndTheClientIsServed) {
    for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM})
        expect_served(Call::kSocket, error);
    for (const int error : {EADDRNOTAVAIL, EAGAIN, ENETUNREACH, EHOSTUNREACH, EPERM, EACCES})
        expect_served(Call::kConnect, error);
    EXPECT_EQ(failed(), 0u);
}

TEST_F(CallFails, OfDialingForTheBackendsFaultAndItIsTriedAgain) {
    expect_served(Call::kConnect, ECONNREFUSED);
    EXPECT_EQ(failed(), 1u);
}

// The client's socket cannot be watched: it is reset. The backend's cannot: it is dialed again.
TEST_F(CallFails, OfWatchingASocket) {
    {
        const net::Descriptor client = connect_client();
        const SystemCalls calls({Call::kWatch, 0, ENOMEM});
        EXPECT_EQ(read_to_end(client), ", reset");
    }
    const net::Descriptor client = connect_client();
    const SystemCalls calls({Call::kWatch, 1, ENOMEM});
    turn_until_readable(backend);
    EXPECT_TRUE(calls.met());
    EXPECT_EQ(failed(), 0u);
}

// Whichever call fails, nothing is left behind, and the next client is served.
TEST_F(CallFails, AtEachPlaceAndNothingIsLeft) {
    for (const Call call : {Call::kSocket, Call::kConnect, Call::kAccept, Call::kWatch}) {
        for (const int error : {EMFILE, ENOMEM, ECONNREFUSED, EPERM, ETIMEDOUT}) {
            for (unsigned nth = 0; nth < 4; ++nth) {
                SCOPED_TRACE(std::string(to_string(call)) + " number " + std::to_string(nth) +
                             ": " + std::strerror(error));
                {
                    std::vector<net::Descriptor> clients;
                    for (int i = 0; i < 2; ++i)
                        clients.push_back(connect_client());
                    const SystemCalls calls({call, nth, error});
                    for (int i = 0; i < 5; ++i)
                        turn();
                }
                // Those that were served nevertheless end when their server does.
                const auto is_empty = [&] {
                    pollfd waiting{backend.get(), POLLIN, 0};
                    while (poll(&waiting, 1, 0) == 1)
                        accept();
                    return proxy.connections().now == 0;
                };
                // Some wait in the kernel's queue until a pause is over.
                EXPECT_TRUE(turn_until([&] { return !proxy.view().at(0).paused; }));
                turn();
                EXPECT_TRUE(turn_until(is_empty));
                const Ends after = connect();
                pass(after.client, after.server, "question");
                ASSERT_FALSE(HasFailure());
            }
        }
    }
    EXPECT_TRUE(turn_until([&] { return proxy.connections().now == 0; }));
    EXPECT_EQ(net::Budget::of_process().in_use(net::Budget::Use::kConnections), 0u);
    EXPECT_EQ(net::Budget::of_process().in_use(net::Budget::Use::kHedges), 0u);
}

// ---- descriptors ----

class OutOfDescriptors : public CallFails {
  protected:
    ~OutOfDescriptors() override { net::Budget::of_process().set(1'000'000, 0); }
};

TEST_F(OutOfDescriptors, TheRestWaitInTheKernelsQueue) {
    Ends first = connect();
    net::Budget::of_process().set(1, 0);  // what is there stays, and nothing more has room
    const net::Descriptor second = connect_client();
    poller.run(core::Clock::now() + 20ms);
    EXPECT_TRUE(proxy.view().at(0).paused);
    EXPECT_EQ(proxy.connections().now, 1u);
    net::Budget::of_process().set(1'000'000, 0);
    reset(first.client);
    turn_until_readable(backend);
    EXPECT_TRUE(turn_until([&] { return !proxy.view().at(0).paused; }));
}

TEST_F(OutOfDescriptors, AFrontendIsRefusedThatConnectionsLeaveNoRoomFor) {
    const Ends first = connect();
    const Ends second = connect();
    proxy::Plan more = plan({target(backend)});
    more.settings.bind.endpoint = endpoint_of(place_of(listen_somewhere()));
    net::Budget::of_process().set(1, 0);
    const std::string refused = swap({plan({target(backend)}), std::move(more)});
    EXPECT_NE(refused.find("descriptors"), std::string::npos) << refused;
}
