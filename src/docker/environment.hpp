// The environment, as the docker client reads it.
#pragma once

#include <cstdlib>
#include <string>

namespace amba::docker {

inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

// DOCKER_CONFIG, by default ~/.docker.
inline std::string config_directory() {
    const std::string named = environment("DOCKER_CONFIG");
    return named.empty() ? environment("HOME") + "/.docker" : named;
}

}  // namespace amba::docker
