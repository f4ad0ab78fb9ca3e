// The figures that every Prometheus client library exports of its process.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "amba/admin/metrics.hpp"
#include "amba/net/budget.hpp"

namespace amba::admin {

namespace {

struct Close {
    void operator()(FILE* file) const { std::fclose(file); }
};

}  // namespace

ProcessFigures look_at_process() {
    ProcessFigures out;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_fds = static_cast<double>(limit.rlim_cur);
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    if (const std::size_t open = net::open_descriptors()) out.open_fds = static_cast<double>(open);
    const std::unique_ptr<FILE, Close> file(std::fopen("/proc/self/stat", "re"));
    char text[1024];
    if (!file || std::fgets(text, sizeof text, file.get()) == nullptr) return out;
    // The name may hold anything, and ends with the last bracket. vsize and rss are the fields 23
    // and 24.
    const char* rest = std::strrchr(text, ')');
    unsigned long size = 0;
    long resident = 0;
    constexpr const char* kFields =
        ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %*u %lu %ld";
    if (rest == nullptr || std::sscanf(rest, kFields, &size, &resident) != 2) return out;
    out.virtual_bytes = static_cast<double>(size);
    out.resident_bytes = static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
    return out;
}

}  // namespace amba::admin
