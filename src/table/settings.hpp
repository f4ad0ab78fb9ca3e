// Every setting of a frontend and of a backend, once: its word on the command line, its place in
// JSON, how it is read and how it is shown. The grammar of words, the JSON reader and writer and
// the diff all walk these two lists, so that a setting cannot be known to one and not to another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "amba/table/table.hpp"

namespace amba::table {

enum class JsonKind { kString, kInteger, kBoolean };

template <class Owner>
struct Setting {
    const char* key;     // KEY of KEY=VALUE and of messages
    const char* group;   // the JSON object that holds it, or "" for the owner itself
    const char* member;  // its name there
    JsonKind kind;
    bool on_command_line;
    // Reads `text` into the owner; what was expected when it does not fit.
    std::optional<std::string> (*read)(Owner&, std::string_view text);
    std::string (*show)(const Owner&);
};

using FrontendSetting = Setting<Frontend>;
using BackendSetting = Setting<Backend>;

std::span<const FrontendSetting> frontend_settings();
std::span<const BackendSetting> backend_settings();

}  // namespace amba::table
