// The name of an image in the parts that a pull wants.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace amba::docker {

struct ImageName {
    std::string repository;  // "redis", "host:5000/team/redis"
    std::string tag;         // "latest" when none is given; a digest ("sha256:...") goes before it
};

// nullopt for what is no name: nothing, or an image's id, which no registry knows.
std::optional<ImageName> split_image(std::string_view name);

}  // namespace amba::docker
