#include "support/eventually.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>

namespace amba::test {

namespace {

constexpr auto kLookEvery = 2ms;

}  // namespace

bool eventually(const std::function<bool()>& condition, Milliseconds at_most) {
    const auto until = Clock::now() + at_most;
    while (!condition()) {
        if (Clock::now() > until) return false;
        std::this_thread::sleep_for(kLookEvery);
    }
    return true;
}

bool throughout(Milliseconds during, const std::function<bool()>& condition) {
    return !eventually([&] { return !condition(); }, during);
}

Milliseconds since(Clock::time_point start) {
    return std::chrono::duration_cast<Milliseconds>(Clock::now() - start);
}

bool full() {
    const char* value = std::getenv("AMBA_FULL");
    return value != nullptr && std::strcmp(value, "1") == 0;
}

std::uint64_t seed() {
    const char* given = std::getenv("AMBA_SEED");
    const std::uint64_t value =
        given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
    std::printf("AMBA_SEED=%llu\n", static_cast<unsigned long long>(value));
    return value;
}

}  // namespace amba::test
