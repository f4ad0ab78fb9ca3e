// One HTTP request, over a UNIX socket or TCP.
#pragma once

#include <string>

#include "support/address.hpp"

namespace amba::test {

struct HttpReply {
    int status = 0;  // 0: nobody answered
    std::string body;
};

HttpReply http_unix(const std::string& socket_path, const std::string& method,
                    const std::string& target);
HttpReply http_tcp(const Place& place, const std::string& method, const std::string& target,
                   const std::string& body = "");

}  // namespace amba::test
