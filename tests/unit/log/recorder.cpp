#include "amba/log/recorder.hpp"

#include <gtest/gtest.h>

using namespace amba::log;

namespace {

constexpr Recorder::Key kNobody{1, 1};

Recorder::Entry entry(std::string_view message, std::string_view backend = "10.0.0.1:80") {
    return {Level::kWarning, "down", "web", backend, "", message};
}

}  // namespace

TEST(Recorder, IsEmptyAtFirst) {
    Recorder recorder;
    EXPECT_TRUE(recorder.last(10).empty());
    EXPECT_FALSE(recorder.repeat(kNobody, 1));
}

TEST(Recorder, GivesBackWhatItGotOldestFirst) {
    Recorder recorder;
    recorder.add(entry("one"), {1, 1}, 100);
    recorder.add({Level::kInfo, "ended", "web", "", "SC", "two"}, {2, 2}, 200);
    const auto events = recorder.last(10);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].id, 1u);
    EXPECT_EQ(events[0].first_us, 100);
    EXPECT_EQ(events[0].level, Level::kWarning);
    EXPECT_EQ(events[0].event, "down");
    EXPECT_EQ(events[0].frontend, "web");
    EXPECT_EQ(events[0].backend, "10.0.0.1:80");
    EXPECT_EQ(events[0].message, "one");
    EXPECT_EQ(events[1].id, 2u);
    EXPECT_EQ(events[1].ended, "SC");
    EXPECT_EQ(events[1].backend, "");
    ASSERT_EQ(recorder.last(1).size(), 1u);
    EXPECT_EQ(recorder.last(1)[0].message, "two") << "the newest";
}

TEST(Recorder, CountsRepetitionsOfTheLastOfThatSubject) {
    Recorder recorder;
    recorder.add(entry("down"), {1, 1}, 100);
    recorder.add(entry("other"), {2, 1}, 150);
    EXPECT_TRUE(recorder.repeat({1, 1}, 200));
    EXPECT_TRUE(recorder.repeat({1, 1}, 300));
    const auto events = recorder.last(10);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].count, 3u);
    EXPECT_EQ(events[0].first_us, 100);
    EXPECT_EQ(events[0].last_us, 300);
    EXPECT_EQ(events[1].count, 1u);
}

TEST(Recorder, KeepsTheOrderOfWhatAlternates) {
    Recorder recorder;
    recorder.add(entry("down"), {1, 1}, 100);
    recorder.add(entry("up"), {1, 2}, 200);
    EXPECT_FALSE(recorder.repeat({1, 1}, 300)) << "up was between the two";
}

TEST(Recorder, LooksForRepetitionsInWhatIsRecentAlone) {
    Recorder recorder;
    recorder.add(entry("down"), {99, 1}, 0);
    for (std::uint32_t i = 0; i < 16; ++i)
        recorder.add(entry("other"), {i, 1}, 1);
    EXPECT_FALSE(recorder.repeat({99, 1}, 300));
}

TEST(Recorder, KeepsTheLastThousand) {
    Recorder recorder;
    for (std::uint32_t i = 1; i <= 2500; ++i)
        recorder.add(entry("message " + std::to_string(i)), {i, 1}, i);
    const auto events = recorder.last(5000);
    ASSERT_EQ(events.size(), Recorder::kMost);
    for (std::size_t i = 0; i < events.size(); ++i) {
        ASSERT_EQ(events[i].id, 1501 + i);
        ASSERT_EQ(events[i].message, "message " + std::to_string(1501 + i));
    }
}

// The ring's end is met at every place in an entry.
TEST(Recorder, KeepsFewerOfTheLongestAndNeverAPart) {
    Recorder recorder;
    std::uint32_t number = 0;
    for (std::size_t length = 300; length < 500; ++length) {
        for (int i = 0; i < 20; ++i) {
            ++number;
            recorder.add(entry(std::to_string(number) + std::string(length, 'x')), {number, 1}, 1);
        }
        const auto events = recorder.last(Recorder::kMost);
        ASSERT_FALSE(events.empty());
        EXPECT_EQ(events.back().id, number);
        for (std::size_t i = 0; i < events.size(); ++i) {
            ASSERT_EQ(events[i].id, number - events.size() + 1 + i);
            ASSERT_TRUE(events[i].message.starts_with(std::to_string(events[i].id) + "x"));
            ASSERT_LE(events[i].message.size(), Recorder::kMostMessage);
        }
    }
    EXPECT_GT(recorder.last(1000).size(), 350u);
}
