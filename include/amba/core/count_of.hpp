// "1 connection", "2 connections".
#pragma once

#include <cstdint>
#include <string>

namespace amba::core {

inline std::string count_of(std::uint64_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace amba::core
