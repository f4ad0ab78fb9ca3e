// The CPU time of the proxy under test, and that of other processes on the machine.
#pragma once

#include <sys/types.h>
#include <cstdint>
#include <vector>

namespace bench {

// Nanoseconds on a CPU of all threads of these processes, work in the kernel included
// (/proc/PID/task/TID/schedstat).
std::uint64_t cpu_of(const std::vector<pid_t>& processes);

// Nanoseconds all CPUs were busy or taken away by the hypervisor, to 10 ms (/proc/stat).
std::uint64_t cpu_of_machine();

}  // namespace bench
