// A request to an Engine as HTTP has it: apart from wire.hpp, for what Beast costs whoever includes
// it.
#pragma once

#include "amba/http/exchange.hpp"
#include "docker/wire.hpp"

namespace amba::docker {

http::Request http_request(const EngineRequest& request);

}  // namespace amba::docker
