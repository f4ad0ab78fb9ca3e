// What the questions to an Engine have in common.
#pragma once

#include <string>
#include <vector>

#include "docker/answer.hpp"
#include "docker/wire.hpp"

namespace amba::docker {

// "filters=..." of a query: every one of the values has to hold.
inline std::string filters(const char* key, const std::vector<std::string>& values) {
    if (values.empty()) return {};
    return "filters=" + percent(dump({{key, values}}));
}

inline std::string container_path(const std::string& id, const char* rest) {
    return "/containers/" + percent(id) + rest;
}

// read(Value) of the answer; an error names the host and the question.
template <class Read>
auto read_answer(const Host& host, const EngineRequest& request, const EngineResponse& response,
                 Read read) -> decltype(understand({}, read)) {
    auto out = understand(response.body, read);
    if (out) return out;
    return core::error(host.to_string() + ": " + request.what() + ": " + out.error().reason);
}

}  // namespace amba::docker
