// Read-only views of the proxy, for status and metrics. A view is a copy: it never changes and
// keeps nothing alive. One that was read back from a status document lacks what an older daemon
// does not tell.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/duration.hpp"

namespace amba::proxy {

// Times in buckets: counts[i] of at most bounds[i] seconds and above the bound before; the last
// count is of those above all bounds.
struct HistogramView {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;
    double sum = 0;  // seconds
};

struct EndedView {
    std::string letters;  // HAProxy's two (core::Outcome)
    std::uint64_t count = 0;
};

enum class BackendState : std::uint8_t {
    kUnknown,
    kHealthy,
    kUnhealthy,
    kEjected,  // left out for its failures
    kLeaving,  // out of the table, or out of DNS and held
};
const char* word(BackendState state);               // "unknown", "healthy", ...
BackendState backend_state(std::string_view word);  // kUnknown for a word that is none

struct BackendView {
    std::string address;  // the resolved address and port
    std::string origin;   // HOST:PORT as the table has it
    int weight = 0;
    bool backup = false;
    BackendState state = BackendState::kUnknown;
    bool usable = true;  // takes new connections (balance::BackendHealth)
    core::Time since{};  // of that state
    std::string why;     // of that state, in words; empty: nothing to say
    std::uint32_t maxconn = 0;
    int weight_percent = 100;  // of its weight, during a slow start
    std::uint64_t connections_current = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_failed = 0;
    std::optional<std::uint32_t> connections_rate;  // a second
    std::uint64_t resets_total = 0;                 // connections that it reset
    std::uint32_t downs_total = 0;                  // times it became unhealthy or was ejected
    std::uint64_t bytes_up = 0;                     // client to backend
    std::uint64_t bytes_down = 0;                   // backend to client
};

struct FrontendView {
    std::string name;
    std::string bind;
    bool listening = false;
    bool paused = false;      // out of descriptors: connections wait in the kernel's queue
    bool at_maxconn = false;  // the same, for its maxconn
    bool leaving = false;     // out of the table, with connections left
    std::uint64_t connections_current = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_failed = 0;           // reset because no backend took them
    std::optional<std::uint32_t> connections_rate;  // a second
    std::optional<std::uint64_t> retries_total;     // connects begun after one had failed
    std::uint64_t hedges_total = 0;                 // connects begun beside a slow one
    std::uint64_t bytes_up = 0;                     // client to backend, those that have left too
    std::uint64_t bytes_down = 0;
    std::vector<EndedView> ended;
    HistogramView connect;  // times until a backend answered
    HistogramView session;  // lengths of ended connections
    std::string balance;
    std::uint32_t maxconn = 0;
    std::uint64_t queue_current = 0;  // connections that wait for a backend
    std::uint64_t queue_total = 0;
    std::uint64_t queue_timeouts = 0;
    std::string why;  // of its backends, in words, from whoever knows the names; or empty
    std::vector<BackendView> backends;
};

}  // namespace amba::proxy
