// What is wrong with a document, on its way from the reader to parse_json.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace amba::table {

// A fault in the meaning of a well-formed document, thrown inside this room alone.
struct Fault {
    std::string pointer;
    std::string reason;
    bool at_key = false;
    std::optional<std::size_t> offset = {};  // where, when the pointer does not say
};

[[noreturn]] inline void fail(std::string pointer, std::string reason) {
    throw Fault{std::move(pointer), std::move(reason)};
}

// The pointer (RFC 6901) to a member or an element.
inline std::string child(const std::string& pointer, std::string_view key) {
    std::string out = pointer + "/";
    for (const char c : key) {
        if (c == '~')
            out += "~0";
        else if (c == '/')
            out += "~1";
        else
            out += c;
    }
    return out;
}

inline std::string child(const std::string& pointer, std::size_t index) {
    return pointer + "/" + std::to_string(index);
}

}  // namespace amba::table
