// One list of what drives a terminal, for messages, log lines, status and JSON alike.
#include "amba/core/text.hpp"

#include <algorithm>
#include <cstdio>

namespace amba::core {

namespace {

constexpr const char* kHex = "0123456789abcdef";

template <class Escape>
std::string replaced(std::string_view text, std::string_view kept, Escape escape) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const Point point = decode(text);
        const std::size_t bytes = std::max<std::size_t>(point.bytes, 1);
        const std::string_view one = text.substr(0, bytes);
        const bool bad = point.bytes == 0 || drives_a_terminal(point.code);
        if (bad && kept.find(one) == std::string_view::npos)
            escape(out, one, point);
        else
            out += one;
        text.remove_prefix(bytes);
    }
    return out;
}

void as_bytes(std::string& out, std::string_view one, const Point&) {
    for (const char c : one) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
}

}  // namespace

Point decode(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<unsigned char>(text[i]);
    };
    if (text.empty()) return {};
    const unsigned char first = byte(0);
    if (first < 0x80) return {first, 1};
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {};
    std::uint32_t code = first & (0xffu >> (bytes + 1));
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return {};
        code = code << 6 | (byte(i) & 0x3fu);
    }
    constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xd800 && code < 0xe000;
    if (code < kLeast[bytes] || code > 0x10ffff || surrogate) return {};
    return {code, bytes};
}

bool drives_a_terminal(std::uint32_t code) {
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

std::string printable(std::string_view text) {
    return replaced(text, "", as_bytes);
}

std::string printable_lines(std::string_view text) {
    return replaced(text, "\n\t", as_bytes);
}

std::string printable_json(std::string_view json) {
    return replaced(json, "\n\r\t", [](std::string& out, std::string_view, const Point& point) {
        char text[8];
        std::snprintf(text, sizeof text, "\\u%04x", point.bytes == 0 ? 0xfffdu : point.code);
        out += text;
    });
}

}  // namespace amba::core
