#include "amba/core/outcome.hpp"

#include <gtest/gtest.h>

#include "amba/core/rfc3339.hpp"

using namespace amba::core;

TEST(Outcome, HasHaproxysLettersAndWords) {
    EXPECT_EQ(Outcome{}.letters(), "--");
    EXPECT_TRUE(Outcome{}.normal());
    const Outcome reset{EndedBy::kServer, Stage::kData};
    EXPECT_EQ(reset.letters(), "SD");
    EXPECT_EQ(to_string(reset), "the backend aborted, while data was passed");
    EXPECT_EQ((Outcome{EndedBy::kServerTimeout, Stage::kQueue}.letters()), "sQ");
}

TEST(Rfc3339, IsInUtcWithMilliseconds) {
    EXPECT_EQ(rfc3339(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339(1795332974218896), "2026-11-22T07:36:14.218Z");
    EXPECT_EQ(rfc3339(-1), "1969-12-31T23:59:59.999Z");
}
