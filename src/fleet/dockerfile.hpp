// The ports that an image will have, out of the Dockerfile that makes it. Text to values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace amba::fleet {

struct DockerfilePorts {
    std::vector<std::uint16_t> tcp;  // of EXPOSE, of the stage and of those that it is built from
    std::string base;                // the image that the first of these is built from
    std::string unknown;             // an EXPOSE whose variable has no default here, or ""
};

// Of the stage `target`, or the last one where that is empty or not there. Reads continued lines,
// comments, the escape directive, here-documents, and variables with defaults (ARG, ENV); the rules
// are those of Docker's Dockerfile reference.
DockerfilePorts dockerfile_ports(std::string_view text, std::string_view target);

}  // namespace amba::fleet
