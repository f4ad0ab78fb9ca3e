// One question to an Engine and its answer: HTTP/1.1, a connection for each.
//
// Errors begin with the host and what was asked for. A status is no error here: the answer is
// whole, whatever it says.
#pragma once

#include <boost/system/error_code.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "amba/core/result.hpp"
#include "amba/docker/host.hpp"
#include "docker/call_limits.hpp"

namespace amba::docker {

struct EngineRequest {
    std::string method = "GET";
    std::string path = {};           // without the version: "/containers/json"
    std::string query = {};          // "all=1&force=1", already encoded
    std::string body = {};           // JSON; empty: none
    std::string version = {};        // "/v1.41"; empty: not versioned
    std::string registry_auth = {};  // X-Registry-Auth; empty: none
    bool upgrade = false;            // the connection is to be the container's afterwards

    std::string what() const { return method + " " + path; }
};

struct EngineResponse {
    unsigned status = 0;
    std::string api_version = {};  // the header Api-Version: the Engine's newest
    std::string body = {};         // 256 MB at the most

    bool well() const { return status < 300 || status == 304; }
};

// Why an exchange has failed, without the host and the question.
std::string reason_of_failure(const boost::system::error_code& error, const CallLimits& limits);

core::Result<EngineResponse> exchange(const Host& host, const EngineRequest& request,
                                      const CallLimits& limits);

// The same where the answer may go on for days: the limits hold until its header, then only its
// stop ends it. With status 200 `opened` is called, and then `take` for each piece of the body as
// it comes, and the response is without a body; another answer is as that of exchange(). An error
// of `take` ends it all.
using Take = std::function<core::Result<void>(std::string_view)>;
core::Result<EngineResponse> follow(const Host& host, const EngineRequest& request,
                                    const CallLimits& limits, const std::function<void()>& opened,
                                    const Take& take);

// Of an answer that is not well: "HOST: GET /containers/x/json: No such container: x".
core::Error refusal(const Host& host, const EngineRequest& request, const EngineResponse& response);
// What such an answer says: its {"message": ...}, or its text, or its status.
std::string message_of(const EngineResponse& response);

// As a part of a path or a query; `kept` are characters beside letters, digits and "-._~" that stay
// as they are.
std::string percent(std::string_view text, std::string_view kept = {});

}  // namespace amba::docker
