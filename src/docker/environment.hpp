// The environment, as the docker client reads it.
#pragma once

#include <string>

#include "amba/core/environment.hpp"

namespace amba::docker {

using core::environment;

// DOCKER_CONFIG, by default ~/.docker.
inline std::string config_directory() {
    const std::string named = environment("DOCKER_CONFIG");
    return named.empty() ? environment("HOME") + "/.docker" : named;
}

}  // namespace amba::docker
