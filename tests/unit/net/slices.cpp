#include "amba/net/slices.hpp"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <vector>

using namespace amba;
using namespace std::chrono_literals;

namespace {

class SlicesTest : public testing::Test {
  protected:
    void turn() {
        poller.run(core::Clock::now());
        loop.restart();
    }
    net::Slices::Step note() {
        return [this](std::size_t i) {
            did.push_back(i);
            return true;
        };
    }
    net::Slices::Done end() {
        return [this] {
            ++ended;
        };
    }

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    net::Poller poller{loop};
    net::Slices slow{poller, 0us};  // one step in each round
    std::vector<std::size_t> did;
    int ended = 0;
    using StepNumbers = std::vector<std::size_t>;
};

TEST_F(SlicesTest, LittleIsDoneAtOnce) {
    net::Slices slices(poller, 10s);
    slices.run(3, note(), end());
    EXPECT_EQ(did, (StepNumbers{0, 1, 2}));
    EXPECT_EQ(ended, 1);
    EXPECT_FALSE(slices.busy());
}

TEST_F(SlicesTest, NothingIsDoneAtOnceToo) {
    slow.run(0, note(), end());
    EXPECT_EQ(ended, 1);
}

TEST_F(SlicesTest, MuchTakesSeveralRounds) {
    slow.run(3, note(), end());
    EXPECT_EQ(did, (StepNumbers{0}));
    turn();
    EXPECT_EQ(did, (StepNumbers{0, 1}));
    EXPECT_EQ(ended, 0);
    turn();
    EXPECT_EQ(did, (StepNumbers{0, 1, 2}));
    EXPECT_EQ(ended, 1);
}

TEST_F(SlicesTest, AStepGivesUp) {
    slow.run(
        3, [](std::size_t i) { return i < 1; }, end());
    turn();
    EXPECT_EQ(ended, 1);
}

TEST_F(SlicesTest, OneWorkFollowsAnother) {
    slow.run(2, note(), [this] { slow.run(2, note(), end()); });
    for (int i = 0; i < 3; ++i)
        turn();
    EXPECT_EQ(did, (StepNumbers{0, 1, 0, 1}));
    EXPECT_EQ(ended, 1);
}

TEST_F(SlicesTest, FinishDoesWhatIsLeftAndWhatFollows) {
    slow.run(2, note(), [this] { slow.run(3, note(), end()); });
    slow.finish();
    EXPECT_EQ(did, (StepNumbers{0, 1, 0, 1, 2}));
    EXPECT_EQ(ended, 1);
    turn();  // a round that was asked for finds nothing to do
    EXPECT_EQ(did.size(), 5u);
}

}  // namespace
