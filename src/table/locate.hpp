// Where in a JSON text a value stands.
//
// nlohmann/json keeps no positions, and a person who wrote the file wants line and column. This
// walks the text again, only when there is an error to report.
#pragma once

#include <cstddef>
#include <string_view>

namespace amba::table {

struct Position {
    std::size_t line = 1;
    std::size_t column = 1;  // in bytes
};

Position position_of(std::string_view text, std::size_t offset);

// The offset of the value that an RFC 6901 pointer names, or of its key when `at_key`. `text` must
// be well-formed JSON. Of a key that is given twice the last one counts. Where a part of the
// pointer is missing, the offset of the innermost part that exists.
std::size_t locate(std::string_view text, std::string_view pointer, bool at_key = false);

}  // namespace amba::table
