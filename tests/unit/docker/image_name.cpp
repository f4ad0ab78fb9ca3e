#include "docker/image_name.hpp"

#include <gtest/gtest.h>

using namespace amba::docker;

namespace {

std::string split(const std::string& name) {
    const auto parts = split_image(name);
    return parts ? parts->repository + " " + parts->tag : "none";
}

}  // namespace

TEST(SplitImage, NameAndTag) {
    EXPECT_EQ(split("redis"), "redis latest");
    EXPECT_EQ(split("redis:7"), "redis 7");
    EXPECT_EQ(split("team/redis:7-alpine"), "team/redis 7-alpine");
    EXPECT_EQ(split("host:5000/redis"), "host:5000/redis latest");
    EXPECT_EQ(split("host:5000/team/redis:7"), "host:5000/team/redis 7");
}

TEST(SplitImage, ADigestGoesBeforeTheTag) {
    const std::string digest = "sha256:" + std::string(64, 'a');
    EXPECT_EQ(split("redis@" + digest), "redis " + digest);
    EXPECT_EQ(split("host:5000/redis@" + digest), "host:5000/redis " + digest);
    EXPECT_EQ(split("host:5000/redis:7@" + digest), "host:5000/redis " + digest);
}

TEST(SplitImage, WhatCannotBePulled) {
    EXPECT_EQ(split(""), "none");
    EXPECT_EQ(split("sha256:" + std::string(64, 'a')), "none");
    EXPECT_EQ(split(std::string(64, '0')), "none");
    EXPECT_EQ(split(":7"), "none");
    EXPECT_EQ(split("redis:"), "none");
    EXPECT_EQ(split("@sha256:0"), "none");
    // Letters that no digest has, or fewer digits: names.
    EXPECT_EQ(split(std::string(64, 'g')), std::string(64, 'g') + " latest");
    EXPECT_EQ(split(std::string(63, '0')), std::string(63, '0') + " latest");
}
