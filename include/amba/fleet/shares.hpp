// Shares: parts of a service's traffic for its versions, as weights of its containers.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "amba/core/result.hpp"

namespace amba::fleet {

using Split = std::map<std::string, unsigned>;  // version -> its share, in any unit: 90 and 10

// "blue:90,green:10". Shares are 0 to 1,000,000; a version twice is an error.
core::Result<Split> parse_split(std::string_view text);
std::string to_string(const Split& split);

// The weight of each container (0-256) of each version that has any.
struct Weights {
    std::map<std::string, int> of;  // version -> weight of one of its containers
    bool exact = true;              // false: no weights up to 256 make these shares; the nearest do
};

// A version of the split without a container is left out; one that the split does not name gets
// weight 0.
Weights weights(const Split& split, const std::map<std::string, unsigned>& containers);

}  // namespace amba::fleet
