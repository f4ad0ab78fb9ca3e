// The ways in which tools replace a file: all of them are seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
namespace fs = std::filesystem;

namespace {

// The parameter: `--poll`, or the watch.
class Replaced : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (GetParam()) daemon.flags({"--poll"});
    }
    std::string table_with(const Peer& peer) const {
        return R"({"frontends": [{"bind": ")" + place.to_string() +
               R"(", "backends": [{"address": ")" + peer.address() + "\"}]}]}\n";
    }
    bool serves(const std::string& name) {
        return eventually([&] {
            std::string got;
            try {
                Socket client = Socket::connect(place);
                got = client.receive(1);
            } catch (const SocketError&) {
            }
            return got == name;
        });
    }
    std::string config() const { return daemon.file("config.json"); }
    Daemon daemon;
    const Place place = own_place();
    Peer a{script::greet_then_echo("a")};
    Peer b{script::greet_then_echo("b")};
};

}  // namespace

TEST_P(Replaced, ByRename) {
    daemon.run();
    write_and_rename(config(), table_with(a));
    EXPECT_TRUE(serves("a"));
    write_and_rename(config(), table_with(b));
    EXPECT_TRUE(serves("b"));
    EXPECT_EQ(daemon.lines("polling"), GetParam() ? 1u : 0u) << daemon.log();
}

TEST_P(Replaced, InPlace) {
    daemon.run();
    write_in_place(config(), table_with(a));
    EXPECT_TRUE(serves("a"));
    write_in_place(config(), table_with(b));
    EXPECT_TRUE(serves("b"));
}

TEST_P(Replaced, InPlaceInTwoHalves) {
    daemon.run();
    const std::string text = table_with(a);
    write_in_place(config(), text.substr(0, 20));
    EXPECT_TRUE(daemon.logs("rejected"));
    write_in_place(config(), text);
    EXPECT_TRUE(serves("a"));
}

TEST_P(Replaced, ByDeletingAndMakingItAgain) {
    daemon.run();
    write_and_rename(config(), table_with(a));
    EXPECT_TRUE(serves("a"));
    fs::remove(config());
    EXPECT_TRUE(throughout(GetParam() ? 600ms : 100ms, [&] {
        return Socket::connect(place).receive(1) == "a";
    })) << "a file that is gone changes nothing";
    write_and_rename(config(), table_with(b));
    EXPECT_TRUE(serves("b"));
}

TEST_P(Replaced, BySwappingALinkAsAConfigMapDoes) {
    // config.json -> ..data/config.json, ..data -> ..2026_1; an update swaps ..data by rename.
    const auto version = [&](const std::string& name, const Peer& peer) {
        fs::create_directory(daemon.file(name));
        write_in_place(daemon.file(name + "/config.json"), table_with(peer));
        fs::create_directory_symlink(name, daemon.file("..data_tmp"));
        fs::rename(daemon.file("..data_tmp"), daemon.file("..data"));
    };
    version("..2026_1", a);
    fs::create_symlink("..data/config.json", config());
    daemon.run();
    EXPECT_TRUE(serves("a"));
    version("..2026_2", b);
    fs::remove_all(daemon.file("..2026_1"));
    EXPECT_TRUE(serves("b"));
}

TEST_P(Replaced, ByAHardLink) {
    daemon.run();
    write_in_place(daemon.file("next"), table_with(a));
    fs::create_hard_link(daemon.file("next"), config());
    EXPECT_TRUE(serves("a"));
}

TEST_P(Replaced, ManyTimesInARowEndsWithTheLast) {
    daemon.run();
    for (int i = 0; i < 99; ++i)
        write_and_rename(config(), table_with(i % 2 == 0 ? a : b));
    auto last = nlohmann::json::parse(table_with(b));
    last["revision"] = "the last";
    write_and_rename(config(), last.dump());
    // Any of the files before the last may have been judged too.
    EXPECT_TRUE(eventually([&] { return daemon.status()["revision"] == "the last"; }));
    EXPECT_TRUE(throughout(GetParam() ? 600ms : 100ms,
                           [&] { return Socket::connect(place).receive(1) == "b"; }));
}

TEST_P(Replaced, BySomethingElseIsNotNoticed) {
    daemon.run({place.to_string(), a.address()});
    write_in_place(daemon.file("notes.txt"), "nothing to see");
    fs::remove(daemon.file("notes.txt"));
    EXPECT_TRUE(throughout(GetParam() ? 600ms : 100ms, [&] {
        return daemon.lines("rejected") + daemon.lines("generation 2") == 0;
    }));
}

INSTANTIATE_TEST_SUITE_P(Config, Replaced, testing::Bool(), [](const auto& instance) {
    return std::string(instance.param ? "Polled" : "Watched");
});

TEST(ReplacedWithTheSame, IsNotJudgedTwice) {
    const Place place = own_place();
    Daemon daemon;
    daemon.run();
    const std::string text = R"({"frontends": [{"bind": ")" + place.to_string() + "\"}]}";
    write_and_rename(daemon.file("config.json"), text);
    ASSERT_TRUE(daemon.logs("generation 1"));
    write_and_rename(daemon.file("config.json"), text);
    EXPECT_TRUE(throughout(200ms, [&] { return daemon.lines("generation 2") == 0; }));
    EXPECT_TRUE(is_refused({own_address(), kPort}));
}
