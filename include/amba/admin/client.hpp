// The other end of the UNIX socket: one request, for the helper commands.
#pragma once

#include <functional>
#include <string>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"

namespace amba::admin {

struct Response {
    unsigned status = 0;
    std::string body;
};

// A path that begins with '@' is an abstract name (unix(7)). Waits for at most `time`. The error
// says whether nobody listens or nobody answered, and what to look for. `given_up`, where there is
// one, is called every few milliseconds meanwhile, and ends the waiting when it says true.
core::Result<Response> ask(const std::string& socket_path, const std::string& method,
                           const std::string& target, core::Duration time,
                           const std::function<bool()>& given_up = {});

}  // namespace amba::admin
