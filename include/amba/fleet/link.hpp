// link: a Compose file whose links become addresses of ambassadors.
//
// Each link of a service becomes an entry of its `extra_hosts` in 127.127.0.0/16: the k-th link of
// a service gets 127.127.0.(k+1), as the workshop's link-to-ambassadors.py numbered them; `links`,
// `ports` and `volumes` go, and `ports` of a service that others link to become its own port on a
// random port of the host. An address that a service has already stays its own.
//
// The text is edited, not written anew: comments, order and style of what is not touched stay. Text
// to text: no file, no Engine, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"

namespace amba::fleet {

using Ports = std::map<std::string, std::vector<std::uint16_t>>;  // service -> its TCP ports

// Something to tell the user, of a line of the input (from 1; 0: of none).
struct Remark {
    std::size_t line = 0;
    std::string text;
};

struct Linked {
    std::string text;             // the new file
    std::vector<Remark> remarks;  // links that were skipped, keys that were left
};

// A ports.yml: "redis: 6379" or "redis: [6379, 6380]".
core::Result<Ports> parse_ports(std::string_view text);

// What cannot be done is an error that begins with LINE:COLUMN where a line is to blame.
core::Result<Linked> link(std::string_view compose, const Ports& ports);

// The difference of two texts in unified form (diff -u), empty when they are the same.
std::string unified_diff(std::string_view before, std::string_view after, const std::string& from,
                         const std::string& to);

}  // namespace amba::fleet
