#include "amba/net/deadlines.hpp"

#include <gtest/gtest.h>

using namespace amba;
using namespace std::chrono_literals;

namespace {

struct LetterDeadline final : net::Deadline {
    explicit LetterDeadline(std::string& out_in, char letter_in) : out(out_in), letter(letter_in) {}
    void on_deadline() override {
        out += letter;
        at = core::Clock::now();
    }
    std::string& out;
    char letter;
    core::Time at{};
};

}  // namespace

TEST(Deadlines, FireInOrderOfTimeNotOfSetting) {
    boost::asio::io_context loop;
    net::Deadlines deadlines(loop);
    std::string out;
    LetterDeadline a(out, 'a'), b(out, 'b'), c(out, 'c');
    const core::Time now = core::Clock::now();
    deadlines.set(c, now + 30ms);
    deadlines.set(a, now + 10ms);
    deadlines.set(b, now + 20ms);
    loop.run_for(60s);  // until there is no more to do
    EXPECT_EQ(out, "abc");
    EXPECT_GE(c.at, now + 30ms);
}

TEST(Deadlines, ClearedOnesDoNotFire) {
    boost::asio::io_context loop;
    net::Deadlines deadlines(loop);
    std::string out;
    LetterDeadline a(out, 'a'), b(out, 'b');
    {
        LetterDeadline gone(out, 'x');  // clears itself at its end
        deadlines.set(gone, core::Clock::now() + 1ms);
    }
    deadlines.set(a, core::Clock::now() + 5ms);
    deadlines.set(b, core::Clock::now() + 10ms);
    a.clear();
    EXPECT_FALSE(a.armed());
    EXPECT_TRUE(b.armed());
    loop.run_for(60s);  // until there is no more to do
    EXPECT_EQ(out, "b");
}

TEST(Deadlines, ALaterSettingReplacesAnEarlierOne) {
    boost::asio::io_context loop;
    net::Deadlines deadlines(loop);
    std::string out;
    LetterDeadline a(out, 'a');
    const core::Time now = core::Clock::now();
    deadlines.set(a, now + 5ms);
    deadlines.set(a, now + 40ms);
    loop.run_for(60s);  // until there is no more to do
    EXPECT_EQ(out, "a");
    EXPECT_GE(a.at, now + 40ms);
}

TEST(Deadlines, NothingIsSetNothingWaits) {
    boost::asio::io_context loop;
    net::Deadlines deadlines(loop);
    EXPECT_EQ(loop.run_for(60s), 0u);  // returns at once: the loop has no work
}
