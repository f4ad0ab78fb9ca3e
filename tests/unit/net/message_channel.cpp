// Two ends of a channel, over a socket pair; what goes wrong at the other end is done by hand.
#include "amba/net/message_channel.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>
#include <thread>

using namespace amba;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

core::Time in(core::Clock::duration time) {
    return core::Clock::now() + time;
}

class MessageChannelTest : public testing::Test {
  protected:
    MessageChannelTest() {
        int ends[2];
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        here.emplace(net::Descriptor(ends[0]));
        there_fd = ends[1];
        there.emplace(net::Descriptor(ends[1]));
    }
    // Descriptors that are different files.
    static std::vector<net::Descriptor> pipes(std::size_t count) {
        std::vector<net::Descriptor> out;
        for (std::size_t i = 0; i < count; ++i) {
            int ends[2];
            EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
            const auto number = static_cast<std::uint32_t>(i);
            EXPECT_EQ(write(ends[1], &number, sizeof number), 4);
            ::close(ends[1]);
            out.emplace_back(ends[0]);
        }
        return out;
    }
    static std::vector<int> numbers_of(const std::vector<net::Descriptor>& all) {
        std::vector<int> out;
        for (const net::Descriptor& one : all)
            out.push_back(one.get());
        return out;
    }

    std::optional<net::MessageChannel> here;
    std::optional<net::MessageChannel> there;
    int there_fd = -1;
};

}  // namespace

TEST_F(MessageChannelTest, CarriesTexts) {
    const std::string large(3'000'000, 'x');
    std::thread sender([&] {
        for (const std::string& text : {std::string("one"), std::string(), large})
            EXPECT_TRUE(here->send(text, in(60s)));
    });
    EXPECT_EQ(there->receive(100, in(60s)).value(), "one");
    EXPECT_EQ(there->receive(0, in(60s)).value(), "");
    EXPECT_EQ(there->receive(large.size(), in(60s)).value(), large);
    sender.join();
}

TEST_F(MessageChannelTest, CarriesDescriptorsInTheirOrder) {
    const auto sent = pipes(600);
    std::thread sender([&] {
        EXPECT_TRUE(here->send_descriptors(numbers_of(sent), in(60s)));
        EXPECT_TRUE(here->send("after", in(60s)));
    });
    const auto got = there->receive_descriptors(sent.size(), in(60s));
    ASSERT_TRUE(got) << got.error().reason;
    ASSERT_EQ(got->size(), sent.size());
    for (std::size_t i = 0; i < got->size(); ++i) {
        std::uint32_t number = 0;
        ASSERT_EQ(read((*got)[i].get(), &number, sizeof number), 4);
        ASSERT_EQ(number, i);
        ASSERT_NE(fcntl((*got)[i].get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    EXPECT_EQ(there->receive(100, in(60s)).value(), "after");
    sender.join();
}

TEST_F(MessageChannelTest, OfNoDescriptorsSendsNothing) {
    EXPECT_TRUE(here->send_descriptors({}, in(0s)));
    EXPECT_TRUE(there->receive_descriptors(0, in(0s)));
}

TEST_F(MessageChannelTest, GivesUpWithItsTime) {
    const auto got = here->receive(10, in(50ms));
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().reason, HasSubstr("has not answered in time"));
    EXPECT_FALSE(here->has_ended());
    // A reader that takes nothing.
    EXPECT_FALSE(here->send(std::string(10'000'000, 'x'), in(50ms)));
    EXPECT_FALSE(here->has_ended());
}

TEST_F(MessageChannelTest, GivesUpWhenItIsCancelled) {
    std::thread other([&] {
        std::this_thread::sleep_for(30ms);
        here->cancel();
    });
    EXPECT_FALSE(here->receive(10, in(60s)));
    EXPECT_FALSE(here->has_ended());
    other.join();
}

TEST_F(MessageChannelTest, TellsThatTheOtherHasEnded) {
    there.reset();
    EXPECT_FALSE(here->receive(10, in(60s)));
    EXPECT_TRUE(here->has_ended());
    EXPECT_FALSE(here->send("text", in(60s)));
    EXPECT_TRUE(here->has_ended());
}

// What the other has said last is heard, even if it has not read what it was sent.
TEST_F(MessageChannelTest, HearsTheLastWordOfOneThatHasEnded) {
    ASSERT_TRUE(here->send("unread", in(60s)));
    ASSERT_TRUE(there->send("no", in(60s)));
    there.reset();
    EXPECT_EQ(here->receive(10, in(60s)).value(), "no");
    EXPECT_FALSE(here->receive(10, in(60s)));
    EXPECT_TRUE(here->has_ended());
}

TEST_F(MessageChannelTest, EndsInTheMiddleOfAText) {
    const std::uint64_t length = 100;
    ASSERT_EQ(send(there_fd, &length, sizeof length, 0), 8);
    ASSERT_EQ(send(there_fd, "half", 4, 0), 4);
    there.reset();
    EXPECT_FALSE(here->receive(1000, in(60s)));
    EXPECT_TRUE(here->has_ended());
}

TEST_F(MessageChannelTest, RefusesATextThatIsTooLong) {
    const std::uint64_t length = std::uint64_t{1} << 60;
    ASSERT_EQ(send(there_fd, &length, sizeof length, 0), 8);
    const auto got = here->receive(1000, in(60s));
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().reason, HasSubstr("expected at most 1000"));
}

TEST_F(MessageChannelTest, RefusesTextWhereDescriptorsAreExpected) {
    ASSERT_TRUE(there->send("text", in(60s)));
    EXPECT_FALSE(here->receive_descriptors(1, in(60s)));
}

TEST_F(MessageChannelTest, SaysThatThereAreTooFewDescriptors) {
    const auto sent = pipes(40);
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit less{static_cast<rlim_t>(sent.back().get() + 10), before.rlim_max};
    std::thread sender([&] { EXPECT_FALSE(here->send_descriptors(numbers_of(sent), in(60s))); });
    setrlimit(RLIMIT_NOFILE, &less);
    const auto got = there->receive_descriptors(sent.size(), in(60s));
    setrlimit(RLIMIT_NOFILE, &before);
    there.reset();
    sender.join();
    ASSERT_FALSE(got);
    EXPECT_THAT(got.error().reason, HasSubstr("ulimit -n"));
}
