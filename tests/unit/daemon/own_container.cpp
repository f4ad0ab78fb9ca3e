// A container is known by the layer that it writes to.
#include "daemon/own_container.hpp"

#include <gtest/gtest.h>

using amba::daemon::container_of;

TEST(OwnContainer, IsTheLayerThatItWritesTo) {
    EXPECT_EQ(container_of("637 525 0:60 / / rw,relatime master:201 - overlay overlay "
                           "rw,lowerdir=/l/A:/l/B,upperdir=/o/c1f0/diff,workdir=/o/c1f0/work\n"
                           "638 637 0:61 / /proc rw,nosuid - proc proc rw\n"
                           "640 637 0:70 / /x rw - overlay overlay rw,upperdir=/other\n"),
              "/o/c1f0/diff");
}

TEST(OwnContainer, IsThatOfTheMountThatIsSeen) {
    const char* both =
        "1 0 0:1 / / rw - overlay overlay rw,upperdir=/first\n"
        "2 1 0:2 / / rw - overlay overlay ro,upperdir=/second";
    EXPECT_EQ(container_of(both), "/second");
    EXPECT_EQ(container_of("1 0 0:1 / / rw - overlay overlay rw,upperdir=/first\n"
                           "2 1 8:1 / / rw - ext4 /dev/sda rw\n"),
              "");
}

TEST(OwnContainer, IsUnknownWithoutOne) {
    for (const char* text :
         {"", "\n", "\n\n", "1", "1 0 0:1 / /", "1 0 0:1 / / rw - ", "1 0 0:1 / / rw - ext4",
          "29 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
          "1 0 0:1 / / rw - overlay overlay rw,lowerdir=/a,workdir=/w", "- - - - / - - -"})
        EXPECT_EQ(container_of(text), "") << text;
    EXPECT_EQ(amba::daemon::own_container(), "") << "a test is not the first process of anything";
}
