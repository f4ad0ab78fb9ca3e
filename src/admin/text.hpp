// Text for a terminal: names that cannot drive it, numbers as people read them, lines with tones.
// Widths are counted in code points. Pure: no terminal, no clock.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/duration.hpp"

namespace amba::admin {

enum class Tone : std::uint8_t { kPlain, kStrong, kGood, kWarning, kBad, kFaint };

struct Span {
    std::string text;
    Tone tone = Tone::kPlain;
};
using Line = std::vector<Span>;

inline constexpr std::size_t kAnyWidth = static_cast<std::size_t>(-1);

// The text with '?' for each control character (C0, DEL, C1), each that turns the direction of
// writing, and each byte that is not UTF-8: what a table names must not drive a terminal.
std::string printable(std::string_view text);

// The width of a text in UTF-8, in code points.
std::size_t width(std::string_view text);
std::size_t width(const Line& line);
// The first `most` code points.
std::string cut(std::string_view text, std::size_t most);
// The same, but the last one shows that something is missing.
std::string clip(std::string_view text, std::size_t most, bool utf8);

// At most `most` code points of a line; `colour` adds escape sequences, and ends them.
std::string paint(const Line& line, std::size_t most, bool colour);

// "999 B", "1.2 kB", "12 MB": powers of 1000, as networks count.
std::string bytes_words(double bytes);
// "0", "0.3", "12", "1200": of a second.
std::string rate_words(double rate);
// "3s", "12m", "4h", "2d".
std::string age_words(core::Duration age);
// "2026-11-22 07:30:00" in UTC, of microseconds since 1970.
std::string time_words(std::int64_t us);

// One character for each value, against the greatest of them; a negative value is unknown and
// leaves a space.
std::string sparkline(std::span<const float> values, bool utf8);

}  // namespace amba::admin
