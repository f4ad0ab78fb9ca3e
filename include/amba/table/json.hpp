// The table as JSON: config.json of the volume, and what debugconfig and showconfig print.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/table/table.hpp"

namespace amba::table {

// Where and why a document is wrong. Lines and columns count from 1, columns in bytes.
struct JsonError {
    std::size_t line = 1;
    std::size_t column = 1;
    std::string pointer;  // RFC 6901; "" is the whole document
    std::string reason;

    std::string to_string() const;  // LINE:COLUMN: POINTER: REASON
};

[[noreturn]] inline void throw_exception_from_error(const JsonError& error,
                                                    const boost::source_location&) {
    throw std::logic_error("unchecked error: " + error.reason);
}

// What a document says beside the table.
struct Document {
    Table table;
    std::optional<std::string> revision;
    std::optional<std::uint64_t> generation;
    std::optional<std::uint64_t> if_generation;  // of the table that it may replace; unset: of any
    std::map<std::string, std::vector<std::string>> own;  // what the caller keeps beside the table
};

inline constexpr std::size_t kMaxDocumentBytes = 64u << 20;

// A valid document, or the first thing that is wrong with it, in the order of the text. `own` are
// keys of the document beside those of a table; each has a string or an array of strings.
boost::system::result<Document, JsonError> parse_json(std::string_view text,
                                                      const std::set<std::string>& own = {});

struct Stamp {
    std::string revision;                     // left out when empty
    std::optional<std::uint64_t> generation;  // left out when unset
    std::optional<std::uint64_t> if_generation = {};
};

// Indented JSON with a final newline that parse_json takes back unchanged. Settings that have
// their default value are left out, so that what is printed is what was chosen.
std::string to_json(const Table& table, const Stamp& stamp = {});
// The same before it is text, for whoever keeps something beside the table.
nlohmann::ordered_json document_json(const Table& table, const Stamp& stamp);
std::string to_text(const nlohmann::ordered_json& document);

// Every setting with its value, as a JSON object: for status.
nlohmann::ordered_json settings_json(const Frontend& frontend);
nlohmann::ordered_json settings_json(const Backend& backend);

// The JSON Schema (draft 2020-12) of config.json.
std::string_view json_schema();

}  // namespace amba::table
