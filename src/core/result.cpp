// Words of errors.
#include "amba/core/result.hpp"

#include <algorithm>
#include <cstring>

#include "amba/core/text.hpp"

namespace amba::core {

std::string one_line(std::string_view text) {
    constexpr std::size_t kLongest = 300;  // bytes; a name of a host has at most 253
    std::size_t length = std::min(text.size(), kLongest);
    // The cut must not be inside a character of UTF-8.
    while (length > 0 && length < text.size() && (text[length] & 0xC0) == 0x80)
        --length;
    std::string out = printable(text.substr(0, length));
    if (length < text.size()) out += "...";
    return out;
}

std::string quote(std::string_view word) {
    return "\"" + one_line(word) + "\"";
}

Error os_error(std::string what, int code) {
    what += ": ";
    what += std::strerror(code);
    return error(std::move(what));
}

}  // namespace amba::core
