// Many questions to an Engine, ten at a time: it answers several in the time of one.
//
// Blocks until all is done and keeps no thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <system_error>
#include <thread>
#include <vector>

namespace amba::docker {

// Calls work(item) once for each item of a vector or an array, from up to ten threads, one of which
// is the caller's: `work` may touch its own item and whatever several threads may touch. The order
// is not defined. `work` does not throw.
template <class Items, class Work>
void ten_at_a_time(Items& items, Work work) {
    constexpr std::size_t kAtATime = 10;
    const std::size_t count = std::size(items);
    std::atomic<std::size_t> next{0};
    const auto take = [&] {
        for (std::size_t i = 0; (i = next.fetch_add(1)) < count;)
            work(items[i]);
    };
    std::vector<std::jthread> helpers;
    helpers.reserve(kAtATime);
    try {
        while (helpers.size() + 1 < std::min(count, kAtATime))
            helpers.emplace_back(take);
    } catch (const std::system_error&) {
        // No more threads to be had: those that there are do it all.
    }
    take();
}

}  // namespace amba::docker
