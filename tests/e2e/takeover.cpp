// An ambassador takes the place of another one, as an upgrade does: nobody who connects sees a
// difference, and what is known is not forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>

#include "support/daemon.hpp"
#include "support/network.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;
using testing::Not;

namespace {

class Takeover : public testing::Test {
  protected:
    // The next one in the volume of `before`, which ends when its last connection does.
    static std::unique_ptr<Daemon> next(const Daemon& before) {
        auto after = Daemon::beside(before);
        after->options().environment["AMBA_TAKEOVER"] = "1";
        return after;
    }
    std::unique_ptr<Daemon> take_over(const Words& table = {}) {
        auto after = next(first);
        after->run(table);
        EXPECT_TRUE(after->logs(" takeover: done")) << after->log();
        return after;
    }
    Words table_of(const Peer& peer) const { return {place.to_string(), peer.address()}; }
    std::string who() const { return Socket::connect(place).receive(1); }

    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    const Place place = own_place();
    Daemon first;
};

}  // namespace

TEST_F(Takeover, ServesAndTheOtherEndsWithItsLastConnection) {
    first.run(table_of(a));
    Socket old = Socket::connect(place);
    old.receive(1);
    const auto second = take_over(table_of(a));
    EXPECT_TRUE(first.logs(" takeover: another ambassador serves now; 1 connection"));
    EXPECT_EQ(who(), "a");
    EXPECT_NE(second->status()["daemon"], "");
    EXPECT_EQ(second->amba({"healthcheck"}).code, 0);
    // It has all the time that it needs.
    EXPECT_TRUE(throughout(500ms, [&] { return first.process().running(); }));
    old.send("ping");
    EXPECT_EQ(old.receive(4), "ping");
    old.close();
    EXPECT_EQ(first.wait(), 0);
    EXPECT_TRUE(first.logs(" exit: handed over"));
    // What the other leaves behind is all there.
    EXPECT_EQ(second->amba({"healthcheck"}).code, 0);
    second->reconfigure(table_of(b));
    EXPECT_EQ(who(), "b");
    EXPECT_EQ(second->lines("warning") + second->lines(" error"), 0u) << second->log();
}

TEST_F(Takeover, EndsAtOnceWithoutAConnection) {
    first.run(table_of(a));
    const auto second = take_over(table_of(a));
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(who(), "a");
}

// As `docker stop` of the old one does.
TEST_F(Takeover, LeavesTheOtherItsDrainTimeAfterASignal) {
    first.flags({"--drain-timeout", "300ms"});
    first.run(table_of(a));
    Socket old = Socket::connect(place);
    old.receive(1);
    const auto second = take_over(table_of(a));
    first.signal(SIGTERM);
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(old.end(), End::kReset);
    EXPECT_EQ(who(), "a");
}

TEST_F(Takeover, OfNobodyIsAStart) {
    const auto only = next(first);
    only->run(table_of(a));
    EXPECT_EQ(who(), "a");
    EXPECT_THAT(only->log(), Not(HasSubstr("takeover: from")));
}

TEST_F(Takeover, IsAskedFor) {
    first.run(table_of(a));
    const auto second = Daemon::beside(first);
    second->launch(table_of(a));
    EXPECT_EQ(second->wait(), 1);
    EXPECT_TRUE(second->logs("is in use by"));
    EXPECT_EQ(who(), "a");
}

// ---- the table ----

TEST_F(Takeover, KeepsTheTableThatServes) {
    first.run(table_of(a));
    first.reconfigure(table_of(b));
    const auto second = take_over(table_of(a));
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(who(), "b") << "the command line is the same, and the table newer";
    EXPECT_EQ(second->generation(), 2u);
    second->reconfigure(table_of(a));
    EXPECT_EQ(second->generation(), 3u);
}

TEST_F(Takeover, TakesACommandLineThatHasChanged) {
    const Place other = own_place();
    first.run({place.to_string(), a.address(), "+", other.to_string(), a.address()});
    const auto second = take_over({place.to_string(), b.address()});
    EXPECT_EQ(who(), "b");
    EXPECT_EQ(first.wait(), 0);
    EXPECT_TRUE(is_refused(other)) << "the new table lacks it";
}

// PORT takes the place of ADDR:PORT, and the other way round.
TEST_F(Takeover, TakesAWiderAddressOfTheSamePort) {
    const Place narrow{place.host, free_port()};  // which no other test has at any address
    first.run({narrow.to_string(), a.address()});
    const auto second = take_over({"*:" + std::to_string(narrow.port), b.address()});
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(Socket::connect(narrow).receive(1), "b");
    const auto third = next(*second);
    third->run({narrow.to_string(), a.address()});
    EXPECT_EQ(second->wait(), 0);
    EXPECT_EQ(Socket::connect(narrow).receive(1), "a");
}

TEST_F(Takeover, WaitsForATableAsTheOtherDoes) {
    first.run();
    const auto second = take_over();
    EXPECT_EQ(first.wait(), 0);
    second->reconfigure(table_of(a));
    EXPECT_EQ(who(), "a");
}

TEST_F(Takeover, OfManyFrontends) {
    Words table;
    std::vector<Place> places;
    for (int i = 0; i < 600; ++i) {
        places.push_back({place.host, static_cast<std::uint16_t>(place.port + i)});
        if (i > 0) table.emplace_back("+");
        table.push_back(places.back().to_string());
        table.push_back(a.address());
    }
    first.run(table);
    const auto second = take_over(table);
    EXPECT_EQ(first.wait(), 0);
    for (const Place& one : places)
        EXPECT_EQ(Socket::connect(one).receive(1), "a");
    const std::size_t open = second->process().descriptors();
    EXPECT_LT(open, 700u) << "what was handed over is open once";
}

// ---- what is known ----

TEST_F(Takeover, GoesOnCounting) {
    first.run(table_of(a));
    for (int i = 0; i < 3; ++i)
        who();
    ASSERT_TRUE(eventually([&] { return first.frontend()["ended"]["--"] == 3; }));
    const auto before = first.frontend();
    const auto second = take_over(table_of(a));
    EXPECT_EQ(first.wait(), 0);
    const auto after = second->frontend();
    for (const char* key :
         {"connections_total", "bytes_up", "bytes_down", "ended", "retries_total"})
        EXPECT_EQ(after[key], before[key]) << key;
    EXPECT_EQ(after["connect"]["count"], before["connect"]["count"]);
    EXPECT_EQ(after["backends"][0]["connections_total"], 3);
    EXPECT_EQ(after["backends"][0]["bytes_down"], before["backends"][0]["bytes_down"]);
    who();
    EXPECT_EQ(second->frontend()["connections_total"], 4);
    EXPECT_EQ(second->frontend()["backends"][0]["connections_total"], 4);
}

TEST_F(Takeover, KnowsWhoHasFailed) {
    b.stop_listening();
    const Words table{place.to_string(), "error-limit=1", a.address(), b.address()};
    first.run(table);
    const auto ejected = [&](const Daemon& daemon) {
        return daemon.frontend()["backends"][1]["state"] == "ejected";
    };
    ASSERT_TRUE(eventually([&] {
        who();
        return ejected(first);
    }));
    const auto before = first.frontend()["backends"][1];
    const auto second = take_over(table);
    EXPECT_EQ(first.wait(), 0);
    const auto after = second->frontend()["backends"][1];
    EXPECT_EQ(after["downs_total"], before["downs_total"]);
    EXPECT_EQ(after["connections_failed"], before["connections_failed"]);
}

// ---- failures: the old one goes on ----

TEST_F(Takeover, ThatCannotServeIsNone) {
    Peer squatter(script::hold, own_place());
    first.run(table_of(a));
    const auto second = next(first);
    second->launch({squatter.address(), b.address()});
    EXPECT_EQ(second->wait(), 1);
    EXPECT_TRUE(second->logs("taken by another process"));
    EXPECT_TRUE(first.logs("it has failed, and this ambassador goes on"));
    EXPECT_EQ(who(), "a");
    first.reconfigure(table_of(b));
    EXPECT_EQ(who(), "b");
    EXPECT_EQ(first.generation(), 2u);
    const auto third = next(first);
    third->run(table_of(a));
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(who(), "b");
}

TEST_F(Takeover, ThatIsKilledIsNone) {
    first.run(table_of(a));
    for (int i = 0; i < (full() ? 100 : 20); ++i) {
        const auto second = next(first);
        second->launch(table_of(a));
        std::this_thread::sleep_for(std::chrono::microseconds(i * 1500));
        second->kill();
        if (!first.process().running()) {
            // It had been told that the other serves.
            EXPECT_EQ(first.wait(), 0);
            first.run(table_of(a));
        }
        ASSERT_EQ(who(), "a") << "round " << i;
        first.reconfigure(table_of(i % 2 == 0 ? b : a));
        first.reconfigure(table_of(a));
    }
}

TEST_F(Takeover, OfOneThatIsKilledGoesOn) {
    first.run(table_of(a));
    for (int i = 0; i < (full() ? 60 : 12); ++i) {
        const auto second = next(first);
        second->launch(table_of(a));
        std::this_thread::sleep_for(std::chrono::microseconds(i * 2000));
        first.kill();
        ASSERT_TRUE(second->logs("applied")) << second->log();
        ASSERT_EQ(who(), "a") << "round " << i;
        second->reconfigure(table_of(b));
        ASSERT_EQ(who(), "b") << "round " << i;
        second->stop();
        first.run(table_of(a));
        first.reconfigure(table_of(a));
    }
}

TEST_F(Takeover, ByAnotherUserIsRefused) {
    if (geteuid() != 0) GTEST_SKIP() << "needs another user";
    first.options().uid = 12345;
    ASSERT_EQ(chmod(first.dir().c_str(), 0777), 0);
    first.run(table_of(a));
    const auto second = next(first);
    second->options().uid = 12346;
    second->launch(table_of(a));
    EXPECT_EQ(second->wait(), 1);
    EXPECT_TRUE(second->logs("only user 12345, as this ambassador, or root"));
    EXPECT_EQ(who(), "a");
    EXPECT_FALSE(first.log().empty());
    const auto root = next(first);
    root->options().uid.reset();
    root->run(table_of(a));
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(who(), "a");
}

TEST_F(Takeover, InAnotherNetworkIsRefused) {
    first.run(table_of(a));
    const auto second = next(first);
    NetworkNamespace network;
    if (!network.possible()) GTEST_SKIP() << "needs a network namespace";
    second->launch(table_of(a));
    EXPECT_EQ(second->wait(), 1);
    EXPECT_TRUE(second->logs("another network namespace"));
    EXPECT_TRUE(first.process().running());
}

// Over TCP nothing changes anything, and over the socket only who says what it wants.
TEST_F(Takeover, IsNothingThatAPageCouldAskFor) {
    first.run(table_of(a));
    EXPECT_EQ(first.get("/takeover").status, 405);
    EXPECT_EQ(http_unix(first.file("amba.sock"), "POST", "/takeover").status, 426);
    EXPECT_EQ(who(), "a");
}

// ---- peers that are no ambassador ----

namespace {

// One that asks to take over, and says what a test wants.
class Pretender {
  public:
    explicit Pretender(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un to{};
        to.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(to.sun_path), sizeof to.sun_path - 1);
        EXPECT_EQ(::connect(socket_.fd(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
        socket_.send(
            "POST /takeover HTTP/1.1\r\nHost: amba\r\nConnection: upgrade\r\n"
            "Upgrade: amba-takeover/1\r\nContent-Length: 0\r\n\r\n");
        head_ = socket_.receive_some();
    }
    const std::string& head() const { return head_; }
    void say(const std::string& word) {
        const std::uint64_t length = word.size();
        socket_.send({reinterpret_cast<const char*>(&length), sizeof length});
        socket_.send(word);
    }
    void reset() { socket_.close(); }

  private:
    Socket socket_;
    std::string head_;
};

constexpr const char* kGoesOn = "it has failed, and this ambassador goes on: ";

}  // namespace

TEST_F(Takeover, ByOneThatStallsIsGivenUp) {
    first.run(table_of(a));
    Pretender pretender(first.file("amba.sock"));
    EXPECT_THAT(pretender.head(), HasSubstr(" 101 "));
    EXPECT_EQ(who(), "a");
    // Another one is told to come back, and the table waits for what becomes of it.
    EXPECT_THAT(Pretender(first.file("amba.sock")).head(), HasSubstr(" 503 "));
    first.reconfigure(table_of(b));
    EXPECT_EQ(who(), "b");
    EXPECT_TRUE(first.logs(std::string(kGoesOn) + "the other side has not answered in time"));
}

TEST_F(Takeover, ByOneThatIsNoAmbassadorIsNone) {
    first.run(table_of(a));
    for (const char* word : {"hullo", "", "ready"}) {
        Pretender pretender(first.file("amba.sock"));
        pretender.say(word);
        EXPECT_TRUE(first.logs(std::string(kGoesOn) + "it says \"" + word + "\"; expected hello"));
    }
    Pretender(first.file("amba.sock")).reset();
    EXPECT_TRUE(first.logs(std::string(kGoesOn) + "the other side has ended"));
    {
        // It is given everything, and goes.
        Pretender pretender(first.file("amba.sock"));
        pretender.say("hello");
        pretender.say("ready");
    }
    first.reconfigure(table_of(b));
    EXPECT_EQ(who(), "b");
    const auto second = take_over(table_of(a));
    EXPECT_EQ(first.wait(), 0);
    EXPECT_EQ(who(), "b");
}

// ---- signals in between ----

TEST_F(Takeover, AndASignalAtAnyMoment) {
    for (int i = 0; i < (full() ? 60 : 12); ++i) {
        first.run(table_of(a));
        const auto second = next(first);
        second->launch(table_of(a));
        std::this_thread::sleep_for(std::chrono::microseconds(i * 2000));
        first.signal(SIGTERM);
        EXPECT_EQ(first.wait(), 0);
        // It has taken over, or was the first.
        ASSERT_TRUE(second->logs("applied")) << second->log();
        ASSERT_EQ(who(), "a") << "round " << i;
        second->stop();
    }
}

// The volume is told to change while the one takes the place of the other.
TEST_F(Takeover, AndASwapAtTheSameTime) {
    std::vector<std::unique_ptr<Daemon>> all;
    first.run(table_of(a));
    const Daemon* serving = &first;
    for (int i = 0; i < (full() ? 50 : 10); ++i) {
        const Peer& peer = i % 2 == 0 ? b : a;
        std::atomic<int> code{-1};
        std::thread helper([&] {
            Words words{"reconfigure", "--wait", place.to_string(), "check=off", peer.address()};
            code = first.amba(words).code;
        });
        all.push_back(next(*serving));
        all.back()->run(table_of(a));
        helper.join();
        EXPECT_EQ(code, 0);
        ASSERT_EQ(who(), i % 2 == 0 ? "b" : "a") << "round " << i;
        serving = all.back().get();
    }
    EXPECT_EQ(serving->generation(), static_cast<unsigned>(all.size()) + 1);
    EXPECT_EQ(first.wait(), 0);
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
        EXPECT_EQ(all[i]->wait(), 0);
}
