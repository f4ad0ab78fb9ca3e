// Which config.json is another one: its bytes decide, not the revision written in it nor its times.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <sstream>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class Content : public testing::Test {
  protected:
    std::string ask() { return Socket::connect(place).receive(1); }
    // Waits until the backend of that name serves.
    bool serves(const std::string& name) {
        return eventually([&] { return !is_refused(place) && ask() == name; });
    }
    std::string table_with(const Peer& peer, const std::string& revision = "mine") const {
        return R"({"revision": ")" + revision + R"(", "frontends": [{"bind": ")" +
               place.to_string() + R"(", "backends": [{"address": ")" + peer.address() +
               "\"}]}]}\n";
    }
    std::string config() const { return daemon.file("config.json"); }
    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
    const Words words_a{place.to_string(), a.address()};
};

}  // namespace

TEST_F(Content, EditedByHandBelowARevisionThatStaysIsJudged) {
    daemon.run();
    daemon.reconfigure(words_a);
    auto written = nlohmann::json::parse(read_file(config()));
    ASSERT_TRUE(written.contains("revision"));
    written["frontends"][0]["backends"][0]["address"] = b.address();
    write_in_place(config(), written.dump());
    EXPECT_TRUE(serves("b"));
    EXPECT_EQ(daemon.generation(), 2u);
    // As is what showconfig printed, with another backend in it.
    auto shown = nlohmann::json::parse(daemon.amba({"showconfig"}).out);
    shown["frontends"][0]["backends"][0]["address"] = a.address();
    write_and_rename(config(), shown.dump());
    EXPECT_TRUE(serves("a"));
}

TEST_F(Content, ThatWasJudgedBeforeAndComesAgainIsJudged) {
    daemon.run();
    const std::vector<std::string> names{"a", "b", "a", "b", "a"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        write_and_rename(config(), table_with(names[i] == "a" ? a : b));
        EXPECT_TRUE(serves(names[i]));
        EXPECT_TRUE(daemon.logs("generation " + std::to_string(i + 1)));
    }
    // After a bad one, too.
    write_and_rename(config(), "{");
    EXPECT_TRUE(daemon.logs("rejected"));
    write_and_rename(config(), table_with(a));
    EXPECT_TRUE(daemon.logs("generation 6"));
}

TEST_F(Content, IsRememberedOverRestarts) {
    daemon.run();
    write_and_rename(config(), table_with(a));
    EXPECT_TRUE(serves("a"));
    ASSERT_TRUE(eventually([&] { return daemon.verdict()["result"] == "applied"; }));
    EXPECT_EQ(daemon.stop(), 0);
    // The same revision, changed while nobody ran, with the time of the old one.
    const auto before = std::filesystem::last_write_time(config());
    write_and_rename(config(), table_with(b));
    std::filesystem::last_write_time(config(), before);
    daemon.run();
    EXPECT_EQ(ask(), "b");
    EXPECT_EQ(daemon.generation(), 2u);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run();
    EXPECT_EQ(daemon.generation(), 2u) << "judged twice";
}

TEST_F(Content, OfTheEpochIsAFileLikeAnyOther) {
    daemon.run(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    write_and_rename(config(), table_with(b));
    const timespec epoch[2] = {{0, 0}, {0, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, config().c_str(), epoch, 0), 0);
    daemon.run(words_a);
    EXPECT_EQ(ask(), "b");
    daemon.reconfigure(words_a);
    EXPECT_EQ(daemon.stop(), 0);
    daemon.run(words_a);
    EXPECT_EQ(ask(), "a") << "the older of two tables";
}

TEST_F(Content, WithTheRevisionOfAnotherIsNotThatOnesVerdict) {
    // The helper's file is edited by hand before it is judged: the helper must not be told the
    // verdict on the edited file.
    CommandResult done;
    std::thread helper([&] {
        done = daemon.amba({"reconfigure", "--wait=20s", place.to_string(), a.address()});
    });
    ASSERT_TRUE(eventually([&] { return exists(config()); }));
    auto written = nlohmann::json::parse(read_file(config()));
    written["frontends"][0]["backends"][0]["address"] = b.address();
    write_and_rename(config(), written.dump());
    daemon.run();
    helper.join();
    EXPECT_EQ(done.code, 1) << done.out;
    EXPECT_THAT(done.err, HasSubstr("superseded by"));
    EXPECT_EQ(ask(), "b");
}

TEST_F(Content, OfARejectedFileThatIsWrittenAgainIsJudgedAgain) {
    auto squatter = std::make_unique<Peer>(script::hold, own_place());
    const Place taken = squatter->place();
    daemon.run(words_a);
    const std::string text = R"({"frontends": [{"bind": ")" + taken.to_string() +
                             R"(", "backends": [{"address": ")" + b.address() + "\"}]}]}";
    write_and_rename(config(), text);
    EXPECT_TRUE(daemon.logs("rejected"));
    squatter.reset();
    write_and_rename(config(), text);
    EXPECT_TRUE(daemon.logs("generation 2"));
    EXPECT_EQ(Socket::connect(taken).receive(1), "b");
}

TEST_F(Content, OfALargeTableThatIsOnlyTouchedIsNotParsed) {
    // The CPU time of a look at other content, which has to be parsed, is measured first.
    daemon.run();
    std::string backends;
    for (int i = 0; i < 10'000; ++i) {
        backends += std::string(i > 0 ? "," : "") + R"({"address": "127.0.0.9:)" +
                    std::to_string(10000 + i) + R"(", "weight": 0})";
    }
    const auto large = [&](const std::string& revision) {
        return R"({"revision": ")" + revision + R"(", "frontends": [{"bind": ")" +
               place.to_string() + R"(", "check": {"type": "off"}, "backends": [)" + backends +
               "]}]}";
    };
    const auto cpu = [&] {  // of all its threads, in ticks: proc(5)
        const std::string text =
            read_file("/proc/" + std::to_string(daemon.process().pid()) + "/stat");
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i)
            fields >> skipped;
        long user = 0;
        long system = 0;
        fields >> user >> system;
        return user + system;
    };
    constexpr int kTimes = 20;
    const long begin = cpu();
    for (int i = 1; i <= kTimes; ++i) {
        write_and_rename(config(), large("r" + std::to_string(i)));
        ASSERT_TRUE(daemon.logs("generation " + std::to_string(i) + ","));
    }
    const long judged = cpu() - begin;
    const long middle = cpu();
    for (int i = 0; i < kTimes; ++i) {
        ASSERT_EQ(::utimensat(AT_FDCWD, config().c_str(), nullptr, 0), 0);
        // POST /reload is answered when the file has been looked at.
        http_unix(daemon.file("amba.sock"), "POST", "/reload");
    }
    const long touched = cpu() - middle;
    EXPECT_EQ(daemon.status()["tables_applied"], kTimes);
    EXPECT_LT(touched * 3, judged) << "ticks for " << kTimes << " touches";
    std::printf("%d swaps: %ld ticks, %d touches: %ld ticks\n", kTimes, judged, kTimes, touched);
}
