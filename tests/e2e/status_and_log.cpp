// What an operator sees: status, health, and one clear line for each thing that happens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>

#include <filesystem>
#include <set>
#include <sstream>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;
using testing::IsSupersetOf;

namespace {

class StatusAndLog : public testing::Test {
  protected:
    Daemon daemon;
    const Place place = own_place();
    Peer peer{script::greet_then_echo("ok")};
};

std::vector<std::string> keys(const nlohmann::json& object) {
    std::vector<std::string> out;
    for (const auto& [key, value] : object.items())
        out.push_back(key);
    return out;
}

}  // namespace

TEST_F(StatusAndLog, StatusHasTheFieldsThatProgramsRelyOn) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), "name=redis", peer.address(), "weight=3", refusing.address(),
                "weight=0"});
    Socket open = Socket::connect(place);
    open.receive(2);
    Socket::connect(place).receive(2);
    nlohmann::json status;
    ASSERT_TRUE(eventually([&] {
        status = daemon.status();
        return status["frontends"][0]["connections_current"] == 1;
    }));
    EXPECT_THAT(keys(status), IsSupersetOf({"generation", "revision", "frontends"}));
    EXPECT_EQ(status["generation"], 1);
    const auto& frontend = status["frontends"][0];
    EXPECT_EQ(frontend["name"], "redis");
    EXPECT_EQ(frontend["bind"], place.to_string());
    EXPECT_EQ(frontend["connections_total"], 2);
    const auto& backend = frontend["backends"][0];
    EXPECT_EQ(backend["address"], peer.address());
    EXPECT_EQ(backend["weight"], 3);
    EXPECT_EQ(backend["state"], "healthy");
    EXPECT_EQ(backend["connections_current"], 1);
    EXPECT_EQ(backend["connections_total"], 2);
    EXPECT_EQ(backend["bytes_down"], 4);
    EXPECT_EQ(frontend["backends"][1]["weight"], 0);
    EXPECT_EQ(frontend["backends"][1]["connections_total"], 0);

    const std::string text = daemon.amba({"status"}).out;
    for (const std::string& word : {std::string("redis"), place.to_string(), peer.address(),
                                    std::string("healthy"), std::string("generation 1")}) {
        EXPECT_THAT(text, HasSubstr(word));
    }
}

TEST_F(StatusAndLog, HealthcheckIsAboutListeningAndReadyAboutBackends) {
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 1) << "nobody is there";
    daemon.run();
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0) << "waiting counts";
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
    daemon.reconfigure({place.to_string()});
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
    daemon.reconfigure({place.to_string(), peer.address(), "weight=0"});
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 1);
    daemon.reconfigure({place.to_string(), peer.address()});
    EXPECT_EQ(daemon.amba({"healthcheck", "--ready"}).code, 0);
}

TEST_F(StatusAndLog, StatusHasEverySettingOfTheTable) {
    daemon.with_checks();
    daemon.run({place.to_string(), "balance=leastconn", "hedge=off", "observe=off", "error-limit=7",
                "max-ejected=20", "on-marked-down=close", "empty=hold", "timeouts.queue=9s",
                "check=redis", "inter=3s", peer.address(), "weight=3", "maxconn=5", "slowstart=4s",
                "check=off"});
    const nlohmann::json frontend = daemon.frontend();
    const nlohmann::json& settings = frontend["settings"];
    EXPECT_EQ(settings["balance"], "leastconn");
    EXPECT_EQ(settings["hedge"], "off");
    EXPECT_EQ(settings["observe"], "off");
    EXPECT_EQ(settings["error-limit"], 7);
    EXPECT_EQ(settings["max-ejected"], 20);
    EXPECT_EQ(settings["on-marked-down"], "close");
    EXPECT_EQ(settings["empty"], "hold");
    EXPECT_EQ(settings["timeouts"]["queue"], "9s");
    EXPECT_EQ(settings["check"]["type"], "redis");
    EXPECT_EQ(settings["check"]["inter"], "3s");
    EXPECT_EQ(settings["check"]["fall"], 3);  // a default is shown too
    const nlohmann::json expected{
        {"weight", 3}, {"backup", false}, {"maxconn", 5}, {"slowstart", "4s"}, {"check", "off"}};
    EXPECT_EQ(frontend["backends"][0]["settings"], expected);
}

TEST_F(StatusAndLog, HealthcheckKnowsADeadBackend) {
    RefusingPeer refusing;
    daemon.run({place.to_string(), refusing.address()});
    EXPECT_EQ(Socket::connect(place).end(), End::kReset);
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
    const CommandResult done = daemon.amba({"healthcheck", "--ready"});
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.out + done.err, HasSubstr(place.to_string()));
}

TEST_F(StatusAndLog, HealthcheckIsNotFooledByASocketThatWasLeft) {
    daemon.run({place.to_string(), peer.address()});
    daemon.kill();
    EXPECT_EQ(daemon.amba({"healthcheck"}).code, 1);
}

// A stopped daemon still has its socket: the error differs from that of a missing one.
TEST_F(StatusAndLog, HealthcheckOfAFrozenDaemonFails) {
    daemon.run({place.to_string(), peer.address()});
    daemon.signal(SIGSTOP);
    const CommandResult health = daemon.amba({"healthcheck"});
    EXPECT_EQ(health.code, 1);
    EXPECT_THAT(health.err, HasSubstr("listens on"));
    EXPECT_THAT(health.err, HasSubstr("does not answer; is it stopped"));
    EXPECT_THAT(daemon.amba({"status"}).err, HasSubstr("does not answer; is it stopped"));
    daemon.signal(SIGCONT);
}

TEST_F(StatusAndLog, EachEventIsOneLine) {
    daemon.run({place.to_string(), peer.address()});
    EXPECT_EQ(daemon.lines(" bind: "), 1u);
    EXPECT_EQ(daemon.lines(" applied: "), 1u);
    const Place other = own_place();
    daemon.reconfigure({other.to_string(), peer.address()});
    EXPECT_EQ(daemon.lines(" bind: "), 2u);
    EXPECT_EQ(daemon.lines("frontend " + place.to_string() + " removed"), 1u);
    EXPECT_EQ(daemon.lines("frontend " + other.to_string() + " added"), 1u);
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_EQ(daemon.lines(" exit: "), 1u);
    EXPECT_EQ(daemon.lines("warning") + daemon.lines("error"), 0u) << daemon.log();
}

TEST_F(StatusAndLog, ConnectionsThatAreWellLeaveNoLine) {
    daemon.run({place.to_string(), peer.address()});
    const std::size_t before = daemon.lines("");
    for (int i = 0; i < 50; ++i)
        Socket::connect(place).receive(2);
    ASSERT_TRUE(eventually([&] { return daemon.frontend()["connections_current"] == 0; }));
    EXPECT_EQ(daemon.lines(""), before) << daemon.log();
}

TEST_F(StatusAndLog, ManyResetsByABackendAreFolded) {
    Peer rude(script::reset_after(1));
    daemon.run({place.to_string(), rude.address()});
    const auto start = Clock::now();
    for (int i = 0; i < 30; ++i) {
        Socket client = Socket::connect(place);
        client.send("x");
        ASSERT_EQ(client.end(), End::kReset);
    }
    // One, and one more every ten seconds where this takes so long.
    EXPECT_LE(daemon.lines("reset a connection"), 1u + since(start) / 10s) << daemon.log();
}

TEST_F(StatusAndLog, JsonLinesParse) {
    RefusingPeer refusing;
    daemon.flags({"--log-format", "json", "--log-level", "debug"});
    daemon.run({place.to_string(), refusing.address()});
    Socket::connect(place).end();
    write_and_rename(daemon.file("config.json"), "{\"revision\": \"\\u0007\\\"\xff\", \x01");
    ASSERT_TRUE(daemon.logs("\"rejected\""));
    EXPECT_EQ(daemon.stop(), 0);
    std::istringstream in(daemon.log());
    std::set<std::string> events;
    for (std::string line; std::getline(in, line);) {
        const auto event = nlohmann::json::parse(line, nullptr, false);
        ASSERT_TRUE(event.is_object()) << line;
        EXPECT_THAT(keys(event), IsSupersetOf({"time", "level", "event", "message"}));
        events.insert(event["event"]);
    }
    EXPECT_THAT(events,
                IsSupersetOf({"start", "bind", "applied", "down", "refused", "rejected", "exit"}));
}

TEST_F(StatusAndLog, LogLevelLeavesOutWhatIsBelow) {
    RefusingPeer refusing;
    daemon.flags({"--log-level", "warning"});
    daemon.launch({place.to_string(), refusing.address()});
    ASSERT_TRUE(eventually([&] { return daemon.amba({"healthcheck"}).code == 0; }));
    ASSERT_TRUE(eventually([&] { return !is_refused(place); }));
    EXPECT_TRUE(daemon.logs("cannot be connected to"));
    EXPECT_EQ(daemon.lines(" info "), 0u) << daemon.log();
}

TEST_F(StatusAndLog, FilesAreReadableByEveryone) {
    namespace fs = std::filesystem;
    daemon.run({place.to_string(), peer.address()});
    daemon.reconfigure({place.to_string(), peer.address()});
    for (const char* name : {"active.json", "verdict.json", "config.json"}) {
        EXPECT_EQ(fs::status(daemon.file(name)).permissions(), fs::perms(0644)) << name;
    }
    EXPECT_EQ(fs::status(daemon.file("amba.sock")).permissions(), fs::perms(0666));
    for (const auto& entry : fs::directory_iterator(daemon.dir()))
        EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
}
