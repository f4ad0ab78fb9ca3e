// The other end of the UNIX socket: one request, for the helper commands.
#pragma once

#include <functional>
#include <string>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"

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

// Asks to go on in another protocol (RFC 9110, 7.8). With a status of 101 the connection is the
// caller's; with any other it is closed, and the body says why. 0: nobody listens there.
struct Upgraded {
    Response response;
    net::Descriptor connection;
};
core::Result<Upgraded> ask_to_upgrade(const std::string& socket_path, const std::string& target,
                                      const std::string& protocol, core::Duration time);

}  // namespace amba::admin
