#include "amba/files/id.hpp"

#include <gtest/gtest.h>

using namespace amba;

TEST(RandomId, IsNewEachTime) {
    EXPECT_EQ(files::random_id().size(), 32u);
    EXPECT_NE(files::random_id(), files::random_id());
}
