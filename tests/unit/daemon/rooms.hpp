// The rooms that a table passes through, on one loop in this thread, without the rest of the
// daemon. A test says where names lead, hands over tables, and connects to their frontends; nothing
// happens but while it turns the loop.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amba/admin/server.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/table/words.hpp"
#include "daemon/activate.hpp"
#include "support/address.hpp"
#include "tests/unit/names/scripted_resolver.hpp"
#include "tests/unit/net/turned_loop.hpp"

namespace amba::test {

using namespace std::chrono_literals;

// An IPv4 address with kPort.
inline core::Address address(const std::string& host) {
    return core::Address::parse(host).value();
}

class Rooms : public testing::Test, protected TurnedLoop {
  protected:
    Rooms() {
        std::signal(SIGPIPE, SIG_IGN);  // as the daemon does: splice has no MSG_NOSIGNAL
        offload.go_beside();
        start_anew();
    }
    // Its job may read what serves.
    ~Rooms() override { offload.stop(); }

    // An ambassador that has no table yet. The one before has nothing under way any more.
    void start_anew(std::optional<core::Bind> own_admin = std::nullopt) {
        if (activation) {
            activation->stop();
            finish_jobs();
            activation->proxy().stop_listening();
            finish_jobs();
        }
        activation.reset();
        activation.emplace(loop, offload, resolver, deadlines, poller, 1, server, own_admin);
    }
    // All that is beside the loop now is done.
    void finish_jobs() {
        bool over = false;
        offload.run([] {}, [&] { over = true; });
        EXPECT_TRUE(turn_until([&] { return over; }));
    }

    // ---- places: each test has the same, one after the other ----

    std::string some_address() {
        static std::vector<std::string> all;
        if (addresses_taken_ == all.size()) all.push_back(own_address());
        return all[addresses_taken_++];
    }
    // Where a frontend may listen.
    std::string some_place() { return some_address() + ":" + std::to_string(kPort); }

    // A server that greets with its own name, at an address of its own, where nothing else listens.
    std::string serve(const std::string& name) {
        const std::string host = some_address();
        listen_at(host, name);
        return host;
    }
    void listen_at(const std::string& host, const std::string& name) {
        net::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int on = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_storage at{};
        const socklen_t length = core::Endpoint{address(host), kPort}.to_sockaddr(at);
        ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&at), length), 0) << host;
        ASSERT_EQ(listen(fd.get(), 64), 0);
        servers_[name] = std::move(fd);
    }
    void stop_serving(const std::string& name) { servers_.erase(name); }

    // None: nobody listens there.
    static net::Descriptor connect_to(const std::string& place) {
        net::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_storage at{};
        const auto bind = table::parse_bind(place).value();
        const socklen_t length = bind.endpoint.to_sockaddr(at);
        if (connect(fd.get(), reinterpret_cast<sockaddr*>(&at), length) != 0) fd.reset();
        return fd;
    }
    // Does anybody listen there?
    static bool listens(const std::string& place) { return connect_to(place).get() >= 0; }
    // Which server answers at a place: its name, "reset", or "refused" where nobody listens.
    std::string who(const std::string& place) {
        const net::Descriptor client = connect_to(place);
        if (!client) return "refused";
        std::string heard;
        const auto answered = [&] {
            greet();
            char bytes[64];
            const ssize_t got = recv(client.get(), bytes, sizeof bytes, MSG_DONTWAIT);
            if (got > 0) heard.assign(bytes, static_cast<std::size_t>(got));
            if (got == 0 || (got < 0 && errno == ECONNRESET)) heard = "reset";
            return !heard.empty();
        };
        EXPECT_TRUE(turn_until(answered)) << "nobody answers at " << place;
        return heard;
    }

    // ---- tables ----

    // A frontend, in words: it checks nobody, and asks for its names every second.
    static std::string front(const std::string& place, const std::string& backends) {
        return place + " check=off observe=off resolve=1s " + backends;
    }
    static table::Table table_of(const std::string& words) {
        return table::parse_words(table::split_words({words + " "})).value();
    }
    // Makes it the table; empty, or why it is refused.
    std::string swap_to(table::Table table, std::uint64_t generation = 0) {
        begin(std::move(table), generation);
        EXPECT_TRUE(turn_until([&] { return said.has_value(); })) << "the table is lost";
        return said.value_or("nothing is said");
    }
    std::string swap_to(const std::string& words) { return swap_to(table_of(words)); }
    // The same, and it is on its way: `said` is what became of it.
    void begin(table::Table table, std::uint64_t generation = 0) {
        said.reset();
        activation->start(std::move(table), "revision", generation, [this](const auto& reason) {
            EXPECT_FALSE(said) << "told twice";
            said = reason;
        });
    }
    std::uint64_t generation() const {
        return activation->active() ? activation->active()->generation : 0;
    }

    ScriptedResolver resolver{loop};
    net::Offload offload{loop};
    admin::Server server{loop, [](const admin::Request&, const admin::Server::Respond& respond) {
                             respond({200, "text/plain", "here"});
                         }};
    std::optional<daemon::Activate> activation;
    std::optional<std::string> said;

  private:
    // Everybody who has come.
    void greet() {
        for (const auto& [name, listener] : servers_) {
            pollfd ready{listener.get(), POLLIN, 0};
            while (::poll(&ready, 1, 0) == 1) {
                const net::Descriptor one(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
                (void)send(one.get(), name.data(), name.size(), MSG_NOSIGNAL);
            }
        }
    }

    std::size_t addresses_taken_ = 0;
    std::map<std::string, net::Descriptor> servers_;
};

}  // namespace amba::test
