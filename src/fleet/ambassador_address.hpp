// The addresses that ambassadors listen on: 127.127.0.0/16.
#pragma once

#include <string>

#include "amba/core/endpoint.hpp"

namespace amba::fleet {

inline bool is_ambassadors(const std::string& address) {
    const auto parsed = core::Address::parse(address);
    return parsed && !parsed->is_v6() && parsed->bytes()[0] == 127 && parsed->bytes()[1] == 127;
}

}  // namespace amba::fleet
