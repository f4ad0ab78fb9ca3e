// Whom a registry takes us for: what `docker login` has left in the docker client's config.json
// (docs.docker.com/reference/cli/docker/login, and the Engine's API, "Authentication").
#pragma once

#include <string>

namespace amba::docker {

struct RegistryAuth {
    std::string header;  // the value of X-Registry-Auth; empty: nothing is known of that registry
    std::string remark;  // why nothing is known of it though something might be; else empty
};

// The registry of a repository ("host:5000/team/redis"), as config.json names it.
std::string registry_of(const std::string& repository);

// From the text of config.json.
RegistryAuth registry_auth(const std::string& config, const std::string& repository);

// From $DOCKER_CONFIG/config.json, by default ~/.docker/config.json; no such file, no remark.
RegistryAuth registry_auth_of_environment(const std::string& repository);

}  // namespace amba::docker
