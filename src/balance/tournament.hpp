// The best of n shares by some order, kept while shares change: O(log n) a change, O(1) to ask.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace amba::balance {

class Tournament {
  public:
    // Better(a, b): is share a better than b? Ready(i): does it take part?
    template <class Better, class Ready>
    void rebuild(std::size_t count, const Better& better, const Ready& ready) {
        leaves_ = 1;
        while (leaves_ < count)
            leaves_ *= 2;
        best_.assign(leaves_ * 2, kNobody);
        for (std::size_t i = 0; i < count; ++i) {
            if (ready(i)) best_[leaves_ + i] = static_cast<std::uint32_t>(i);
        }
        for (std::size_t at = leaves_; at-- > 1;)
            best_[at] = winner(best_[2 * at], best_[2 * at + 1], better);
    }

    template <class Better>
    void update(std::size_t i, bool ready, const Better& better) {
        std::size_t at = leaves_ + i;
        best_[at] = ready ? static_cast<std::uint32_t>(i) : kNobody;
        for (at /= 2; at >= 1; at /= 2)
            best_[at] = winner(best_[2 * at], best_[2 * at + 1], better);
    }

    std::optional<std::size_t> best() const {
        if (best_.size() < 2 || best_[1] == kNobody) return std::nullopt;
        return best_[1];
    }

    // The best for which `may_take` holds. `better` as ever.
    template <class Better, class Filter>
    std::optional<std::size_t> best_of(const Better& better, const Filter& may_take) {
        std::vector<std::size_t> out;
        std::optional<std::size_t> found = best();
        while (found && !may_take(*found)) {
            out.push_back(*found);
            update(*found, false, better);
            found = best();
        }
        for (const std::size_t i : out)
            update(i, true, better);
        return found;
    }

  private:
    static constexpr std::uint32_t kNobody = UINT32_MAX;
    template <class Better>
    static std::uint32_t winner(std::uint32_t a, std::uint32_t b, const Better& better) {
        if (a == kNobody) return b;
        if (b == kNobody) return a;
        return better(b, a) ? b : a;
    }
    std::size_t leaves_ = 1;
    std::vector<std::uint32_t> best_;  // a heap-shaped tree; the root is at 1
};

}  // namespace amba::balance
