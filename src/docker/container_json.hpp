// GET /containers/ID/json as a Container.
#pragma once

#include "amba/docker/container.hpp"
#include "docker/answer.hpp"

namespace amba::docker {

// Throws Fault: to be called within understand().
Container container_of(const Value& root);

// The TCP ports that are the keys of ExposedPorts ({"80/tcp": {}, "53/udp": {}}), ascending.
std::vector<std::uint16_t> exposed_ports(const Value& ports);

}  // namespace amba::docker
