// The TCP ports of images that everybody knows, so that neither an Engine nor a pull is needed to
// know that redis listens on 6379.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace amba::fleet {

// The ports that its Dockerfile exposes, whatever the tag (a tag with another server inside, such
// as wordpress:fpm, has another port); none of an image that is not known. Names are read as Docker
// does: "redis:6", "library/redis", "docker.io/redis@sha256:...", and the same behind another
// registry, "registry.example.com:5000/redis". "someone/redis" is another image.
std::vector<std::uint16_t> known_image_ports(std::string_view image);

}  // namespace amba::fleet
