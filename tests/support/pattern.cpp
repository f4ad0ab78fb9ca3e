#include "support/pattern.hpp"

#include <algorithm>

namespace amba::test {

namespace {

// splitmix64: a full-period mixer, so that each eight bytes differ from all others.
std::uint64_t mixed(std::uint64_t value) {
    value += 0x9e3779b97f4a7c15;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

}  // namespace

std::string Pattern::next(std::size_t count) {
    std::string out(count, '\0');
    for (std::size_t i = 0; i < count;) {
        const std::uint64_t word = mixed(seed_ + position_ / 8);
        const unsigned from = static_cast<unsigned>(position_ % 8);
        const std::size_t here = std::min<std::size_t>(8 - from, count - i);
        for (unsigned k = 0; k < here; ++k)
            out[i + k] = static_cast<char>(word >> (8 * (from + k)));
        i += here;
        position_ += here;
    }
    return out;
}

bool Pattern::matches(std::string_view bytes) {
    const std::uint64_t start = position_;
    const std::string expected = next(bytes.size());
    if (expected == bytes) return true;
    const auto wrong = std::mismatch(expected.begin(), expected.end(), bytes.begin()).first;
    error_ = "byte " +
             std::to_string(start + static_cast<std::uint64_t>(wrong - expected.begin())) +
             " is wrong";
    return false;
}

}  // namespace amba::test
