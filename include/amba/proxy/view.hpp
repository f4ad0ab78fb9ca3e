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
    std::string state;  // "unknown", "healthy", "unhealthy", or "leaving" when out of the table
    std::uint64_t connections_current = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_failed = 0;
    std::uint64_t bytes_up = 0;    // client to backend
    std::uint64_t bytes_down = 0;  // backend to client
};

struct FrontendView {
    std::string name;
    std::string bind;
    bool listening = false;
    bool paused = false;  // out of descriptors: connections wait in the kernel's queue
    std::uint64_t connections_current = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_failed = 0;  // reset because no backend took them
    std::vector<BackendView> backends;
};

}  // namespace amba::proxy
