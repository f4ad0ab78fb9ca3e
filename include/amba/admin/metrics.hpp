// The metrics of the ambassador in Prometheus's text format 0.0.4
// (prometheus.io/docs/instrumenting/exposition_formats), names and units by its conventions.
//
// Counters count since the start of the process and survive swaps. A series lasts as long as its
// frontend or backend, one that has left as long as it has connections.
#pragma once

#include <cstdint>
#include <string>

#include "amba/admin/status.hpp"

namespace amba::admin {

// What the kernel knows of this process; what it does not tell is below 0.
struct ProcessFigures {
    double cpu_seconds = -1;
    double resident_bytes = -1;
    double virtual_bytes = -1;
    double open_fds = -1;
    double max_fds = -1;
};
// Reads /proc (proc(5)). Before Linux 6.2 it counts descriptors one by one.
ProcessFigures look_at_process();

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
std::string to_metrics(const Status& status, const ProcessFigures& process);

}  // namespace amba::admin
