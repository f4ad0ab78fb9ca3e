// One budget for all parts of the program, as no part alone knows when the limit is reached.
#include "amba/net/budget.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>

namespace amba::net {

namespace {

using Use = Budget::Use;

// Open for a moment: config.json and the files that are written, those of /proc, name servers'
// configuration.
constexpr std::size_t kFiles = 6;
// What new listeners may take of it, so that a full ambassador accepts a table with a new frontend.
constexpr std::size_t kNewListeners = 4;
// Before it is measured, or without /proc.
constexpr std::size_t kOwnAtMost = 24;

bool is_optional(Use use) {
    return use == Use::kPipes || use == Use::kHedges || use == Use::kChecks;
}

}  // namespace

Budget& Budget::of_process() {
    static Budget instance = [] {
        Budget made(0, 0);
        made.measure();
        return made;
    }();
    return instance;
}

void Budget::measure() {
    rlimit limit{};
    const bool limited = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    const std::size_t counted = std::accumulate(used_.begin(), used_.end(), std::size_t{0});
    const std::size_t open = open_descriptors();
    set(limited ? limit.rlim_cur : SIZE_MAX / 4,
        open == 0 ? kOwnAtMost : open - std::min(open, counted));
}

void Budget::set(std::size_t limit, std::size_t own) {
    for_all_ = limit - std::min(limit, own + kFiles + kNewListeners);
    const auto give = [this](Use use, std::size_t share) {
        shares_[static_cast<std::size_t>(use)] = share;
    };
    give(Use::kConnections, 2);
    give(Use::kChecks, 2);
    give(Use::kNames, 4);
    give(Use::kAdmin, std::clamp<std::size_t>(limit / 8, 4, 64));
    std::size_t shared = 0;
    for (const std::size_t share : shares_)
        shared += share;
    spare_ = (for_all_ - std::min(for_all_, shared)) / 8;
}

// What cannot be had: what is in use, and the shares that are kept for others.
std::size_t Budget::taken() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kUses; ++i)
        sum += std::max(used_[i], shares_[i]);
    return sum;
}

bool Budget::has_room(Use use, std::size_t count) const {
    const std::size_t wanted = in_use(use) + count;
    if (wanted <= share(use)) return true;
    if (use == Use::kAdmin) return false;
    // A table that can be served is not refused for what others might come to need.
    if (use == Use::kListeners) {
        const std::size_t sum = std::accumulate(used_.begin(), used_.end(), count);
        return sum <= for_all_ + kNewListeners;
    }
    const std::size_t more = wanted - std::max(in_use(use), share(use));
    return taken() + more + (is_optional(use) ? spare_ : 0) <= for_all_;
}

bool Budget::take(Use use, std::size_t count) {
    if (!has_room(use, count)) return false;
    add(use, count);
    return true;
}

bool Budget::is_half_free() const {
    return taken() + 4 * spare_ <= for_all_;
}

std::size_t open_descriptors() {
    // st_size of /proc/PID/fd is the number of descriptors since Linux 6.2, and 0 before.
    struct stat info {};
    if (::stat("/proc/self/fd", &info) == 0 && info.st_size > 0) {
        return static_cast<std::size_t>(info.st_size);
    }
    const auto close = [](DIR* directory) {
        ::closedir(directory);
    };
    const std::unique_ptr<DIR, decltype(close)> directory(::opendir("/proc/self/fd"), close);
    if (!directory) return 0;
    std::size_t count = 0;
    while (const dirent* entry = ::readdir(directory.get()))
        count += entry->d_name[0] != '.';
    return count - 1;  // the directory itself
}

}  // namespace amba::net
