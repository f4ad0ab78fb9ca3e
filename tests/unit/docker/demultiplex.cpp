#include "docker/demultiplex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace amba::docker;
using testing::HasSubstr;

namespace {

std::string frame(char stream, const std::string& data) {
    std::string out{stream, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8)
        out += static_cast<char>(data.size() >> shift & 0xff);
    return out + data;
}

std::string reason(const std::string& bytes) {
    const auto streams = demultiplex(bytes);
    return streams ? "" : streams.error().reason;
}

}  // namespace

TEST(Demultiplex, TellsTheStreamsApart) {
    const auto streams = demultiplex(frame(1, "one\n") + frame(2, "bad\n") + frame(1, "") +
                                     frame(1, std::string("t\0o", 3)) + frame(0, "!"));
    ASSERT_TRUE(streams);
    EXPECT_EQ(streams->out, std::string("one\nt\0o!", 8));
    EXPECT_EQ(streams->err, "bad\n");
}

TEST(Demultiplex, NothingIsNoOutput) {
    const auto streams = demultiplex("");
    ASSERT_TRUE(streams);
    EXPECT_EQ(streams->out + streams->err, "");
}

TEST(Demultiplex, AllOfTheLengthCounts) {
    const std::string large(0x10203, 'x');
    const auto streams = demultiplex(frame(2, large) + frame(1, "end"));
    ASSERT_TRUE(streams);
    EXPECT_EQ(streams->err, large);
    EXPECT_EQ(streams->out, "end");
}

TEST(Demultiplex, CutAnywhere) {
    const std::string first = frame(1, "hello");
    const std::string all = first + frame(2, "world");
    for (std::size_t size = 0; size <= all.size(); ++size) {
        const bool whole = size == 0 || size == first.size() || size == all.size();
        EXPECT_EQ(reason(all.substr(0, size)), whole ? "" : "the output ends inside a frame")
            << "cut after " << size;
    }
}

TEST(Demultiplex, WhatIsNotInFrames) {
    EXPECT_THAT(reason("plain text of a terminal"), HasSubstr("not in frames: \"plain te\""));
    EXPECT_THAT(reason(frame(4, "x")), HasSubstr("not in frames"));
    for (const std::size_t zero : {1u, 2u, 3u}) {
        std::string wrong = frame(1, "x");
        wrong[zero] = 1;
        EXPECT_THAT(reason(wrong), HasSubstr("not in frames"));
    }
    // A length that nobody has the bytes for is no reason to ask for memory.
    EXPECT_EQ(reason(std::string("\1\0\0\0\xff\xff\xff\xff", 8)), "the output ends inside a frame");
}

TEST(Demultiplex, TheEnginesOwnWord) {
    EXPECT_EQ(reason(frame(1, "x") + frame(3, "no space\nleft")),
              "the Engine says in the output: no space\\x0aleft");
}

TEST(TakeFrames, LeavesTheBeginningOfOne) {
    Streams streams;
    const std::string whole = frame(1, "one") + frame(2, "two");
    EXPECT_EQ(*take_frames(whole + frame(1, "three").substr(0, 10), streams), whole.size());
    EXPECT_EQ(streams.out + streams.err, "onetwo");
    EXPECT_EQ(*take_frames(frame(1, "x").substr(0, 5), streams), 0u);
    EXPECT_EQ(*take_frames(frame(1, "three"), streams), frame(1, "three").size());
    EXPECT_EQ(streams.out, "onethree");
    EXPECT_FALSE(take_frames("\7", streams));
}
