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

// Calls work(item) once for each item of a vector or an array, from up to `at_a_time` threads, one
// of which is the caller's: `work` may touch its own item and whatever several threads may touch.
// They are begun in order. `work` does not throw.
template <class Items, class Work>
void several_at_a_time(std::size_t at_a_time, Items& items, Work work) {
    const std::size_t count = std::size(items);
    std::atomic<std::size_t> next{0};
    const auto take = [&] {
        for (std::size_t i = 0; (i = next.fetch_add(1)) < count;)
            work(items[i]);
    };
    std::vector<std::jthread> helpers;
    helpers.reserve(at_a_time);
    try {
        while (helpers.size() + 1 < std::min(count, at_a_time))
            helpers.emplace_back(take);
    } catch (const std::system_error&) {
        // No more threads to be had: those that there are do it all.
    }
    take();
}

template <class Items, class Work>
void ten_at_a_time(Items& items, Work work) {
    several_at_a_time(10, items, work);
}

}  // namespace amba::docker
