// The other end of the UNIX socket: one request, for the helper commands.
#pragma once

#include <string>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"

namespace amba::admin {

struct Response {
    unsigned status = 0;
    std::string body;
};

// A path that begins with '@' is an abstract name (unix(7)). Waits for at most `time`. The error
// says whether nobody listens or nobody answered.
core::Result<Response> ask(const std::string& socket_path, const std::string& method,
                           const std::string& target, core::Duration time);

}  // namespace amba::admin
