#include "cli/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using amba::cli::Key;
using amba::cli::Keys;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Keys, AreReadFromBytes) {
    Keys keys;
    EXPECT_THAT(keys.feed("q"), ElementsAre(Key::kQuit));
    EXPECT_THAT(keys.feed("\x03"), ElementsAre(Key::kQuit));
    EXPECT_THAT(keys.feed("jk gG"),
                ElementsAre(Key::kDown, Key::kUp, Key::kPause, Key::kBegin, Key::kEnd));
    EXPECT_THAT(keys.feed("\x1b[A\x1b[B\x1bOA\x1bOB"),
                ElementsAre(Key::kUp, Key::kDown, Key::kUp, Key::kDown));
    EXPECT_THAT(keys.feed("\x1b[5~\x1b[6~\x1b[H\x1b[F"),
                ElementsAre(Key::kPageUp, Key::kPageDown, Key::kBegin, Key::kEnd));
    EXPECT_THAT(keys.feed("xyz\r\n\x7f\xff"), IsEmpty());
}

TEST(Keys, ThatComeInPiecesAreKept) {
    Keys keys;
    EXPECT_THAT(keys.feed("\x1b"), IsEmpty());
    EXPECT_THAT(keys.feed("["), IsEmpty());
    EXPECT_THAT(keys.feed("5"), IsEmpty());
    EXPECT_THAT(keys.feed("~q"), ElementsAre(Key::kPageUp, Key::kQuit));
}

TEST(Keys, WithoutMeaningAreSkippedAsAWhole) {
    Keys keys;
    EXPECT_THAT(keys.feed("\x1b[1;5Cj"), ElementsAre(Key::kDown)) << "q inside would not be a key";
    EXPECT_THAT(keys.feed("\x1b\x1b\x1b[Aj"), ElementsAre(Key::kUp, Key::kDown));
    EXPECT_THAT(keys.feed("\x1bq"), ElementsAre(Key::kQuit));
    EXPECT_THAT(keys.feed("\x1b["), IsEmpty());
    EXPECT_THAT(keys.feed("\x03"), ElementsAre(Key::kQuit));
    EXPECT_THAT(keys.feed("\x1b[" + std::string(100, '1') + "q"), ElementsAre(Key::kQuit));
}
