// What the table says of a frontend and the data path does: one definition for both. Names as on
// the command line, meanings as in HAProxy's configuration manual where it has the thing.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "amba/core/bind.hpp"
#include "amba/core/duration.hpp"

namespace amba::core {

// HAProxy's "balance".
enum class Algorithm : std::uint8_t { kRoundRobin, kLeastConn, kRandom, kSource, kFirst };
inline constexpr std::array kAlgorithms{Algorithm::kRoundRobin, Algorithm::kLeastConn,
                                        Algorithm::kRandom, Algorithm::kSource, Algorithm::kFirst};
constexpr const char* word(Algorithm algorithm) {
    constexpr const char* kWords[] = {"roundrobin", "leastconn", "random", "source", "first"};
    return kWords[static_cast<std::size_t>(algorithm)];
}

// What becomes of a connection when no backend has a weight above 0: it is reset, or waits.
enum class Empty : std::uint8_t { kRefuse, kHold };

// What becomes of established connections whose backend has left the table.
struct Removed {
    enum class Kind { kKeep, kDrain, kClose } kind = Kind::kKeep;
    Duration drain{0};  // kDrain alone: time until they are closed
    bool operator==(const Removed&) const = default;
};

struct Timeouts {
    Duration connect{5000};  // over all tries of one connection
    Duration idle{0};        // 0: none, which suits databases and caches
    Duration queue{5000};    // over all waiting of one connection
    bool operator==(const Timeouts&) const = default;
};

struct FrontendSettings {
    std::string name;  // as given; by default the bind in its canonical form
    Bind bind;
    Algorithm balance = Algorithm::kRoundRobin;
    int maxconn = 0;  // connections at a time, more wait in the kernel's queue; 0: no cap
    Empty empty = Empty::kRefuse;
    Removed removed;
    int retries = 3;                    // further tries after a failed connect
    bool hedge = true;                  // ask a second backend when one is slow to answer a connect
    bool observe = true;                // count failures of connections against backends
    int error_limit = 3;                // failures in a row after which one is left out for a while
    int max_ejected = 50;               // percent of the backends that may be left out at a time
    bool close_on_marked_down = false;  // connections to a backend that its checks find down
    Timeouts timeouts;
    bool operator==(const FrontendSettings&) const = default;
};

}  // namespace amba::core
