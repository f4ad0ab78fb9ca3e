// Single values of a document: as the words that the command line would have, with the reason where
// they are of another kind. Each throws a Fault at `pointer`.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "amba/table/table.hpp"
#include "table/settings.hpp"

namespace amba::table {

// "a string", "an array": for messages.
const char* kind_name(const nlohmann::json& value);
const std::string& expect_string(const nlohmann::json& value, const std::string& pointer,
                                 const char* expected);
std::string as_word(const nlohmann::json& value, JsonKind kind, const std::string& pointer);

Bind read_admin(const nlohmann::json& value, const std::string& pointer);
std::string read_revision(const nlohmann::json& value, const std::string& pointer);
std::uint64_t read_generation(const nlohmann::json& value, const std::string& pointer);

}  // namespace amba::table
