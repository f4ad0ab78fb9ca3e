// A variable of the environment (getenv(3)).
#pragma once

#include <cstdlib>
#include <string>

namespace amba::core {

// One that is not set is an empty one.
inline std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace amba::core
