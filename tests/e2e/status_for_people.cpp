// amba status and amba status --events: what a person reads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "support/daemon.hpp"
#include "support/peer.hpp"

using namespace amba::test;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

namespace {

class ForPeople : public testing::Test {
  protected:
    Daemon daemon;
    const Place place = own_place();
    Peer peer{script::greet_then_echo("ok")};
};

// Answers one request on the volume's socket, as another ambassador would.
class FakeDaemon {
  public:
    explicit FakeDaemon(const std::string& path, std::string answer) : answer_(std::move(answer)) {
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(listener_, 1);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeDaemon() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    FakeDaemon(const FakeDaemon&) = delete;
    FakeDaemon& operator=(const FakeDaemon&) = delete;

  private:
    void serve() const {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        char request[4096];
        if (::read(fd, request, sizeof request) > 0) {
            [[maybe_unused]] const ssize_t sent = ::write(fd, answer_.data(), answer_.size());
        }
        ::close(fd);
    }

    const std::string answer_;
    int listener_ = -1;
    std::thread thread_;
};

CommandResult ask_fake_daemon(const Words& words, const std::string& status_line,
                              const std::string& body) {
    const TempDir volume;
    const FakeDaemon daemon(volume / "amba.sock",
                            "HTTP/1.1 " + status_line + "\r\nContent-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body);
    Process::Options options;
    options.environment["AMBA_DIR"] = volume.path();
    return run_amba(words, options);
}

}  // namespace

TEST_F(ForPeople, StatusSaysSinceWhenAndWhy) {
    RefusingPeer refusing;
    daemon.with_checks();
    daemon.run({place.to_string(), "name=redis", "inter=100ms", "fall=1", peer.address(),
                refusing.address()});
    std::string text;
    ASSERT_TRUE(eventually([&] {
        text = daemon.amba({"status"}).out;
        return text.find("unhealthy") != std::string::npos;
    })) << text;
    EXPECT_THAT(text, HasSubstr("up "));
    EXPECT_THAT(text, ContainsRegex("generation 1 since [0-9: -]* UTC \\([0-9]+[sm] ago\\)"));
    EXPECT_THAT(text, ContainsRegex("unhealthy +[0-9]+[sm] .*refused"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << "this is no terminal";
}

TEST_F(ForPeople, StatusSaysWhyATableWasRejected) {
    daemon.run({place.to_string(), peer.address()});
    write_and_rename(daemon.file("config.json"), "{\"frontends\": 3}");
    ASSERT_TRUE(eventually(
        [&] { return daemon.amba({"status"}).out.find("rejected") != std::string::npos; }));
    EXPECT_THAT(daemon.amba({"status"}).out,
                AllOf(HasSubstr("generation 1"), HasSubstr("frontends")));
}

TEST_F(ForPeople, StatusSaysWhatIsDrained) {
    daemon.run({place.to_string(), peer.address()});
    Socket open = Socket::connect(place);
    open.receive(2);
    daemon.reconfigure({own_place().to_string(), "name=other", peer.address()});
    const std::string text = daemon.amba({"status"}).out;
    EXPECT_THAT(text, AllOf(HasSubstr("leaving"), HasSubstr("drains 1 connection"))) << text;
}

TEST_F(ForPeople, EventsAreLinesOfText) {
    daemon.run({place.to_string(), "name=redis", peer.address()});
    const CommandResult done = daemon.amba({"status", "--events"});
    EXPECT_EQ(done.code, 0);
    EXPECT_THAT(done.out, AllOf(ContainsRegex("[0-9]+-[0-9]+-[0-9]+ [0-9:]+ info start: "),
                                ContainsRegex("info applied: generation 1")))
        << done.out;
    const CommandResult last = daemon.amba({"status", "--events", "--limit", "1"});
    EXPECT_EQ(std::count(last.out.begin(), last.out.end(), '\n'), 1) << last.out;
    const auto json = nlohmann::json::parse(daemon.amba({"status", "--events", "--json"}).out);
    EXPECT_EQ(json["events"][0]["event"], "start");
}

TEST(StatusOfAnother, DaemonThatKeepsNoEventsIsToldApart) {
    const CommandResult done =
        ask_fake_daemon({"status", "--events"}, "404 Not Found", "no such page\n");
    EXPECT_EQ(done.code, 1);
    EXPECT_THAT(done.err, HasSubstr("keeps no events"));
}

TEST(StatusOfAnother, DaemonThatSpeaksNonsenseIsAnError) {
    for (const char* body : {"nonsense", "{}", "[1, 2"}) {
        const CommandResult done = ask_fake_daemon({"status"}, "200 OK", body);
        EXPECT_EQ(done.code, 1) << body;
        EXPECT_THAT(done.err, HasSubstr("the daemon's answer")) << body;
        EXPECT_EQ(done.out, "");
    }
    EXPECT_EQ(ask_fake_daemon({"status", "--events"}, "200 OK", "{}").code, 1);
    EXPECT_THAT(ask_fake_daemon({"status"}, "500 Oh", "").err, HasSubstr("answered 500"));
}
