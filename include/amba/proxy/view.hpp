// Read-only views of the proxy, for status and metrics. A view is a copy: it never changes and
// keeps nothing alive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace amba::proxy {

struct BackendView {
    std::string address;  // the resolved address and port
    std::string origin;   // HOST:PORT as the table has it
    int weight = 0;
    bool backup = false;
    // "unknown", "healthy", "unhealthy", "ejected" when left out for its failures, or "leaving"
    // when out of the table
    std::string state;
    std::uint32_t maxconn = 0;
    int weight_percent = 100;  // of its weight, during a slow start
    std::uint64_t connections_current = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_failed = 0;
    std::uint64_t bytes_up = 0;    // client to backend
    std::uint64_t bytes_down = 0;  // backend to client
    std::string settings;          // JSON, of whoever knows the table; empty: none
};

struct FrontendView {
    std::string name;
    std::string bind;
    bool listening = false;
    bool paused = false;  // out of descriptors: connections wait in the kernel's queue
    std::uint64_t connections_current = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_failed = 0;  // reset because no backend took them
    std::string balance;
    std::uint32_t maxconn = 0;
    std::uint64_t queue_current = 0;  // connections that wait for a backend
    std::uint64_t queue_total = 0;
    std::uint64_t queue_timeouts = 0;
    std::string settings;  // as that of backends
    std::vector<BackendView> backends;
};

}  // namespace amba::proxy
