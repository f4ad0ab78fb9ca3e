// Which frontends go on accepting after SIGTERM, while connections may end.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace amba::daemon {

enum class DrainAccept : std::uint8_t {
    kLoopback,  // those on a loopback address: their client is beside this ambassador
    kOn,        // all
    kOff,       // none
};

// "auto", "on", "off".
std::optional<DrainAccept> parse_drain_accept(std::string_view word);

}  // namespace amba::daemon
