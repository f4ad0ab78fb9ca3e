// The figures that every Prometheus client library exports of its process.
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <memory>

#include "amba/admin/metrics.hpp"

namespace amba::admin {

namespace {

struct Close {
    void operator()(FILE* file) const { std::fclose(file); }
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// st_size of /proc/PID/fd is the number of descriptors since Linux 6.2, and 0 before.
double count_descriptors() {
    struct stat info {};
    if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) {
        return static_cast<double>(info.st_size);
    }
    const std::unique_ptr<DIR, Close> directory(::opendir("/proc/self/fd"));
    if (!directory) return -1;
    double count = 0;
    while (const dirent* entry = ::readdir(directory.get()))
        count += entry->d_name[0] != '.';
    return count - 1;  // the directory itself
}

}  // namespace

Process look_at_process() {
    Process out;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_fds = static_cast<double>(limit.rlim_cur);
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    out.open_fds = count_descriptors();
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
