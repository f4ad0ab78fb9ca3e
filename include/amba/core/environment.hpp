// A variable of the environment (getenv(3)).
#pragma once

#include <cstdlib>
#include <string>

namespace amba::core {

// The value; empty when it is not set.
inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace amba::core
