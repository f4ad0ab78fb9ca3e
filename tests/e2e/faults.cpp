// A table of faults: each ends with HAProxy's two letters (its manual, 8.5), in the counter of the
// frontend, in the flight recorder and in the line of the connection, and with the event that tells
// why.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;

namespace {

class Fault : public testing::Test {
  protected:
    void SetUp() override { daemon.flags({"--log-connections", "--drain-timeout", "100ms"}); }

    void run(const Words& words) {
        Words table{place.to_string(), "name=here"};
        table.insert(table.end(), words.begin(), words.end());
        daemon.run(table);
    }
    static void expect_reset(Socket& client) {
        std::string bytes;
        EXPECT_EQ(client.read_to_end(bytes), End::kReset);
    }
    nlohmann::json events() const {
        return nlohmann::json::parse(daemon.get("/events").body)["events"];
    }
    bool has_event(const std::string& key, const std::string& value) const {
        for (const auto& event : events()) {
            if (event[key] == value && event["count"] == 1) return true;
        }
        return false;
    }
    void expect_line(const std::string& letters) const {
        EXPECT_TRUE(daemon.logs(", " + letters + " after ")) << daemon.log();
        EXPECT_EQ(daemon.lines("info connection: "), 1u) << daemon.log();
    }
    // Exactly one connection ended, and in this way; `event` is what was said of it beside.
    void expect_ended(const std::string& letters, const std::string& event = "") const {
        const auto counted = [&] {
            const auto frontend = daemon.frontend();
            return frontend["ended"].size() == 1 && frontend["ended"].value(letters, 0) == 1;
        };
        EXPECT_TRUE(eventually(counted)) << letters << " in " << daemon.frontend()["ended"];
        EXPECT_TRUE(has_event("ended", letters)) << events();
        if (!event.empty()) {
            EXPECT_TRUE(has_event("event", event)) << event << " in " << events();
        }
        expect_line(letters);
    }

    Daemon daemon;
    const Place place = own_place();
    Peer echo{script::echo};
};

#ifndef AMBA_SANITIZED
// Leaves room for one descriptor more in a process.
void leave_one_descriptor(pid_t pid) {
    int free = 0;
    unsigned limit = 0;
    for (; free < 2; ++limit) {
        const std::string path = "/proc/" + std::to_string(pid) + "/fd/" + std::to_string(limit);
        struct stat info {};
        free += ::lstat(path.c_str(), &info) != 0;
    }
    const rlimit wanted{limit - 1, limit - 1};
    ASSERT_EQ(prlimit(pid, RLIMIT_NOFILE, &wanted, nullptr), 0);
}
#endif

}  // namespace

TEST_F(Fault, EveryBackendRefuses) {
    RefusingPeer refusing;
    run({refusing.address()});
    Socket client = Socket::connect(place);
    expect_reset(client);
    expect_ended("SC", "down");
}

TEST_F(Fault, TheSynIsDropped) {
    SilentPeer silent;
    run({"timeouts.connect=200ms", silent.address()});
    Socket client = Socket::connect(place);
    expect_reset(client);
    expect_ended("sC", "down");
}

TEST_F(Fault, TheBackendResetsBeforeData) {
    Peer rude([](Socket& client) {
        client.receive(1);
        client.reset();
    });
    run({rude.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    expect_reset(client);
    expect_ended("SD", "reset");
}

TEST_F(Fault, TheBackendResetsInMidStream) {
    Peer rude([](Socket& client) {
        client.send("half an ans");
        client.receive(1);
        client.reset();
    });
    run({rude.address()});
    Socket client = Socket::connect(place);
    client.receive(11);
    client.send("?");
    expect_reset(client);
    expect_ended("SD", "reset");
}

TEST_F(Fault, TheClientIsGone) {
    run({echo.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    client.receive(1);
    client.reset();
    expect_ended("CD");
}

TEST_F(Fault, TheClientIsGoneWhileItWaits) {
    run({"empty=hold"});
    Socket client = Socket::connect(place);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["queue_current"] == 1; }));
    client.reset();
    expect_ended("CQ");
}

TEST_F(Fault, NothingMovesForTheIdleTimeout) {
    run({"timeouts.idle=100ms", echo.address()});
    Socket client = Socket::connect(place);
    EXPECT_EQ(client.end(), End::kFin);
    expect_ended("cD");
}

TEST_F(Fault, NothingMovesAfterTheClientsEnd) {
    Peer mute(script::hold);
    run({"timeouts.idle=2s", mute.address()});  // not before the client's end has arrived
    Socket client = Socket::connect(place);
    client.finish_sending();
    EXPECT_EQ(client.end(), End::kReset);  // an end would say that this was the answer
    expect_ended("cL");
}

TEST_F(Fault, NothingMovesToOneThatDoesNotRead) {
    Peer talker([](Socket& client) {
        const std::string block(1 << 16, 'x');
        for (;;)
            client.send(block);
    });
    run({"timeouts.idle=300ms", talker.address()});
    Socket client = Socket::connect_slow_reader(place, 4096);
    expect_ended("cD");
    std::string got;
    EXPECT_EQ(client.read_to_end(got), End::kReset);  // there was more to come
}

TEST_F(Fault, TheQueueTakesTooLong) {
    run({"empty=hold", "timeouts.queue=100ms"});
    Socket client = Socket::connect(place);
    expect_reset(client);
    expect_ended("sQ", "queue");
    EXPECT_EQ(daemon.frontend()["queue_timeouts"], 1);
}

TEST_F(Fault, TheBackendIsRemoved) {
    run({"removed=close", echo.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    client.receive(1);
    daemon.reconfigure({place.to_string(), "name=here", "removed=close"});
    expect_reset(client);
    expect_ended("DD", "drain");
}

TEST_F(Fault, TheBackendIsMarkedDown) {
    daemon.with_checks();
    std::atomic<bool> well{true};  // until the client is there
    Peer redis([&](Socket& client) {
        const std::string first = client.receive_some();
        if (first.find("PING") != std::string::npos) {
            return client.send(well ? "+PONG\r\n" : "-LOADING wait\r\n");
        }
        client.send(first);
        script::echo(client);
    });
    run({"check=redis", "inter=100ms", "fastinter=100ms", "check.timeout=10s", "fall=2",
         "on-marked-down=close", redis.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    EXPECT_EQ(client.receive(1), "?");
    well = false;
    expect_reset(client);
    expect_ended("DD", "down");
}

TEST_F(Fault, TheFrontendIsClosed) {
    run({"removed=close", echo.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    client.receive(1);
    daemon.reconfigure({own_place().to_string(), echo.address()});
    expect_reset(client);
    // Its counters are gone with it.
    EXPECT_TRUE(has_event("ended", "DD")) << events();
    EXPECT_TRUE(has_event("event", "drain")) << events();
    expect_line("DD");
}

#ifndef AMBA_SANITIZED  // its checks open a pipe
TEST_F(Fault, ThereAreNoDescriptorsLeft) {
    run({echo.address()});
    const std::size_t before = daemon.process().descriptors();
    daemon.frontend();
    // The descriptor of the question itself is closed again.
    ASSERT_TRUE(eventually([&] { return daemon.process().descriptors() <= before; }));
    leave_one_descriptor(daemon.process().pid());
    Socket client = Socket::connect(place);
    expect_reset(client);
    expect_ended("RC", "descriptors");
}
#endif

TEST_F(Fault, ThereIsNoBackend) {
    run({});
    Socket client = Socket::connect(place);
    expect_reset(client);
    expect_ended("PQ", "refused");
}

TEST_F(Fault, TheAmbassadorIsStopped) {
    run({echo.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    client.receive(1);
    daemon.signal(SIGTERM);
    expect_reset(client);
    EXPECT_EQ(daemon.wait(), 0);
    expect_line("KD");
    EXPECT_EQ(daemon.lines("info exit: "), 1u);
}

TEST_F(Fault, NoneIsNormal) {
    run({echo.address()});
    Socket client = Socket::connect(place);
    client.send("?");
    client.receive(1);
    client.finish_sending();
    EXPECT_EQ(client.end(), End::kFin);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["ended"].value("--", 0) == 1; }));
    expect_line("--");
    for (const auto& event : events())
        EXPECT_EQ(event["ended"], "") << "it ended well: " << event;
}
