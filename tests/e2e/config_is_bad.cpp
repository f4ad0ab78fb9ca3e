// Whatever lies in config.json, the active table goes on, and one line says what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::HasSubstr;

namespace {

class BadConfig : public testing::Test {
  protected:
    void SetUp() override { daemon.run({place.to_string(), peer.address()}); }
    void goes_on_with(const std::string& reason) {
        ASSERT_TRUE(daemon.logs("rejected: ")) << daemon.log();
        EXPECT_TRUE(eventually([&] { return daemon.verdict()["result"] == "rejected"; }));
        EXPECT_THAT(daemon.verdict()["reason"].get<std::string>(), HasSubstr(reason));
        EXPECT_EQ(daemon.verdict()["generation"], 1);
        EXPECT_EQ(daemon.lines("rejected: "), 1u) << daemon.log();
        EXPECT_EQ(daemon.generation(), 1u);
        EXPECT_EQ(Socket::connect(place).receive(2), "ok");
        EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
        // A good table ends the bad state.
        daemon.reconfigure({place.to_string(), peer.address(), "weight=2"});
        EXPECT_EQ(daemon.generation(), 2u);
    }
    std::string config() const { return daemon.file("config.json"); }
    Daemon daemon;
    Peer peer{script::greet_then_echo("ok")};
    const Place place = own_place();
};

// What a process has used, and its first thread, which has the loop.
double processor_ms(pid_t pid) {
    clockid_t clock{};
    timespec used{};
    EXPECT_EQ(::clock_getcpuclockid(pid, &clock), 0);
    EXPECT_EQ(::clock_gettime(clock, &used), 0);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}
double loop_ms(pid_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid);
    return std::strtod(read_file(path + "/schedstat").c_str(), nullptr) / 1e6;
}

}  // namespace

TEST_F(BadConfig, Empty) {
    write_and_rename(config(), "");
    goes_on_with("config.json:1:1");
}

TEST_F(BadConfig, Torn) {
    write_and_rename(config(), "{\n  \"frontends\": [\n    {\"bind\": \"127.0.0.");
    goes_on_with("config.json:3:");
}

TEST_F(BadConfig, Binary) {
    std::string bytes;
    for (int i = 0; i < 4096; ++i)
        bytes += static_cast<char>(i * 37);
    write_and_rename(config(), bytes);
    goes_on_with("config.json:1:");
    for (const char byte : daemon.log())
        ASSERT_TRUE(byte == '\n' || static_cast<unsigned char>(byte) >= 0x20) << "a raw byte";
}

TEST_F(BadConfig, OfTenMegabytesOfNonsense) {
    write_and_rename(config(), std::string(10 << 20, '['));
    goes_on_with("config.json:1:");
    EXPECT_LT(daemon.log().size(), 20'000u);
}

TEST_F(BadConfig, OfEightMegabytesOfNothingCostsNoMoreThanItsText) {
    // As a tree it would be 320 MB, more than the memory that many a sidecar may use.
    const auto greatest_kb = [&] {
        const std::string status =
            read_file("/proc/" + std::to_string(daemon.process().pid()) + "/status");
        return std::stol(status.substr(status.find("VmHWM:") + 6));
    };
    const long before = greatest_kb();
    std::string text = R"({"frontends": [{"bind": "80", "backends": [{})";
    while (text.size() < (8u << 20))
        text += ",{}";
    write_and_rename(config(), text + "]}]}");
    goes_on_with("/frontends/0/backends/0: has no \"address\"");
    EXPECT_LT(greatest_kb() - before, 64 * 1024);
}

TEST_F(BadConfig, NestedAHundredThousandDeep) {
    write_and_rename(config(), R"({"frontends": )" + std::string(100'000, '[') +
                                   std::string(100'000, ']') + "}");
    goes_on_with("/frontends/0: is an array");
}

TEST_F(BadConfig, LargerThanIsRead) {
    const std::string large = daemon.file("large");
    std::ofstream(large).close();
    std::filesystem::resize_file(large, std::uintmax_t{65} << 20);
    std::filesystem::rename(large, config());
    goes_on_with("64 MB");
}

TEST_F(BadConfig, ThatIsADirectory) {
    std::filesystem::create_directory(config());
    ASSERT_TRUE(daemon.logs("not a regular file"));
    std::filesystem::remove(config());
    goes_on_with("not a regular file");
}

TEST_F(BadConfig, ThatIsAFifo) {
    ASSERT_EQ(::mkfifo(config().c_str(), 0644), 0);
    goes_on_with("not a regular file");
}

TEST_F(BadConfig, WithAnUnknownKey) {
    write_and_rename(config(), R"({"frontends": [], "frontend": []})");
    goes_on_with("frontend");
}

TEST_F(BadConfig, WithARevisionIsKnownByIt) {
    write_and_rename(config(), R"({"revision": "mine", "frontends": [{"bind": 5}]})");
    ASSERT_TRUE(daemon.logs("rejected: revision mine"));
    EXPECT_TRUE(eventually([&] { return daemon.verdict()["revision"] == "mine"; }));
    EXPECT_THAT(daemon.verdict()["reason"].get<std::string>(), HasSubstr("/frontends/0/bind"));
}

TEST(BadConfigUnreadable, IsRejectedByADaemonOfAnotherUser) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody else";
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Daemon daemon;
    ASSERT_EQ(::chown(daemon.dir().c_str(), 12345, 12345), 0);
    daemon.options().uid = 12345;
    daemon.run({place.to_string(), peer.address()});
    write_in_place(daemon.file("config.json.tmp"), R"({"frontends": []})");
    ASSERT_EQ(::chmod(daemon.file("config.json.tmp").c_str(), 0600), 0);
    std::filesystem::rename(daemon.file("config.json.tmp"), daemon.file("config.json"));
    ASSERT_TRUE(daemon.logs("rejected: "));
    EXPECT_EQ(daemon.lines("Permission denied"), 1u) << daemon.log();
    EXPECT_EQ(daemon.lines("uid 12345"), 1u) << daemon.log();
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
    // A helper that runs as root can replace it, and its files can be read.
    daemon.reconfigure({place.to_string(), peer.address(), "weight=2"});
}

TEST(GoodConfig, OfTenMegabytesIsTaken) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Daemon daemon;
    daemon.run();
    std::string text = R"({"frontends": [{"bind": ")" + place.to_string() +
                       R"(", "backends": [{"address": ")" + peer.address() + "\"}]}]";
    text += std::string(10 << 20, ' ') + "}\n";
    write_and_rename(daemon.file("config.json"), text);
    ASSERT_TRUE(daemon.logs("applied: "));
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
}

TEST(GoodConfig, OfTenThousandBackendsDoesNotStallConnections) {
    Peer peer(script::greet_then_echo("ok"));
    const Place place = own_place();
    Daemon daemon;
    daemon.run({place.to_string(), peer.address()});
    Socket client = Socket::connect(place);
    client.receive(2);
    std::string text = R"({"frontends": [{"bind": ")" + place.to_string() + R"(", "backends": [)";
    for (int i = 0; i < 10'000; ++i) {
        text += R"({"address": "10.)" + std::to_string(i / 250 / 250) + "." +
                std::to_string(i / 250 % 250) + "." + std::to_string(i % 250 + 1) +
                R"(:80", "weight": 0},)" + "\n";
    }
    text += R"({"address": ")" + peer.address() + "\"}]}]}\n";
    // In time on the processor, so that it does not matter what else the machine does: no round
    // trip waits for more than a part of what the table costs.
    const double before = processor_ms(daemon.process().pid());
    write_and_rename(daemon.file("config.json"), text);
    double worst = 0;
    EXPECT_TRUE(eventually([&] {
        const double start = loop_ms(daemon.process().pid());
        client.send("ping");
        client.receive(4);
        worst = std::max(worst, loop_ms(daemon.process().pid()) - start);
        return daemon.lines("applied: ") == 2;
    }));
    const double all = processor_ms(daemon.process().pid()) - before;
    std::printf("a round trip waited for %.1f ms of %.1f ms at the most\n", worst, all);
    EXPECT_LT(worst, all / 2);
    EXPECT_EQ(Socket::connect(place).receive(2), "ok");
}
