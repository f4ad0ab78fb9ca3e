// Random choices from a seed: of the same seed, the same choices.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

namespace chaos {

class RandomChoice {
  public:
    explicit RandomChoice(std::uint64_t seed) : engine_(seed) {}

    // 0 ... count - 1
    int below(int count) { return std::uniform_int_distribution<int>(0, count - 1)(engine_); }
    bool percent(int chance) { return below(100) < chance; }
    template <class T>
    T one_of(std::initializer_list<T> items) {
        return items.begin()[below(static_cast<int>(items.size()))];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace chaos
