// SRV records (RFC 2782): out of a DNS message, and into places. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/names/resolver.hpp"

namespace amba::names {

struct SrvRecord {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;  // without the final dot; empty: there is decidedly no such service
};

struct SrvRecords {
    std::vector<SrvRecord> records;
    core::Duration ttl{0};  // the least of them, and of the aliases on the way; at least 1 s
};

// Those of the answer section; nullopt for a message that is malformed.
std::optional<SrvRecords> parse_srv(std::span<const unsigned char> message);

// A record with one address of its target.
struct SrvPlace {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    core::Endpoint endpoint;
};

// Those of the best priority, which is the lowest, serve; those of all others are backups, without
// an order among them. A weight of 0 means "hardly ever" in the RFC and "never" in a table, so that
// it becomes 1. Sorted; of one endpoint given twice the better priority counts, or the sum of
// weights.
std::vector<ResolvedPlace> places_of(const std::vector<SrvPlace>& found);

}  // namespace amba::names
