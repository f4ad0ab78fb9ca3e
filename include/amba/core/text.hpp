// Text from outside on its way to a terminal or into a log. What a stranger may name (a revision,
// the holder of a lock, the answer of a daemon) must not move the cursor, turn the direction of
// writing or begin a line of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace amba::core {

// The first character of a text in UTF-8.
struct Point {
    std::uint32_t code = 0;
    std::size_t bytes = 0;  // 0: it is not UTF-8
};
Point decode(std::string_view text);

// True of controls (C0, DEL, C1), of marks and overrides of direction (UAX 9) and of separators of
// lines.
bool drives_a_terminal(std::uint32_t code);

// The text with \xNN for each byte of what drives a terminal or is not UTF-8.
std::string printable(std::string_view text);
// The same, but line breaks and tabs stay.
std::string printable_lines(std::string_view text);
// A JSON document with \uNNNN for what drives a terminal: the same to whoever parses it.
std::string printable_json(std::string_view json);

}  // namespace amba::core
