// Bytes that can be checked at any place: byte number n depends on the seed and n alone, so a byte
// that is lost, doubled, altered or moved shows at once and by its place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace amba::test {

class Pattern {
  public:
    explicit Pattern(std::uint64_t seed) : seed_(seed) {}

    // The next `count` bytes.
    std::string next(std::size_t count);
    // Are these the next bytes? The place of the first wrong one is then in error().
    bool matches(std::string_view bytes);

    std::uint64_t position() const { return position_; }
    const std::string& error() const { return error_; }

  private:
    std::uint64_t seed_;
    std::uint64_t position_ = 0;
    std::string error_;
};

}  // namespace amba::test
