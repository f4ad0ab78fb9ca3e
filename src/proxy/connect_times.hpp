// How long connects to the backends of a frontend took of late, and from that how long to wait for
// an answer before a second backend is asked as well ("The Tail at Scale", Dean and Barroso 2013:
// the 95th percentile; the bounds are of the order of RFC 8305, section 8).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

#include "amba/core/duration.hpp"

namespace amba::proxy {

class ConnectTimes {
  public:
    static constexpr core::Duration kLeast{20};
    static constexpr core::Duration kMost{1000};
    static constexpr core::Duration kUnknown{250};  // while too few were seen

    void add(core::Clock::duration took) {
        const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
        const auto width =
            std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(us, 0)));
        ++seen_[std::min<std::size_t>(static_cast<std::size_t>(width), seen_.size() - 1)];
        if (++count_ < kRemembered) return;
        count_ = 0;
        for (std::uint16_t& n : seen_)
            count_ += n /= 2;  // what is older counts less
    }

    core::Duration hedge_after() const {
        if (count_ < kFew) return kUnknown;
        std::size_t width = seen_.size();
        for (std::uint32_t above = 0; width > 0 && above * 20 <= count_;)
            above += seen_[--width];
        const std::chrono::microseconds edge(std::int64_t{1} << width);
        return std::clamp(std::chrono::ceil<core::Duration>(edge), kLeast, kMost);
    }

  private:
    static constexpr std::uint32_t kFew = 16;
    static constexpr std::uint32_t kRemembered = 1024;
    std::array<std::uint16_t, 24> seen_{};  // by the width of their microseconds: powers of two
    std::uint32_t count_ = 0;
};

}  // namespace amba::proxy
