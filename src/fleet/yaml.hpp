// Yaml: a YAML document as a tree that knows where each value stands and how it is written, which
// an edit by lines has to know and yaml-cpp's own tree does not keep: aliases, flow or block,
// quoted or plain. A value owns all that is below it. Read only: no tree is ever written back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"

namespace amba::fleet {

struct YamlPair;

struct Yaml {
    enum class Kind { kNull, kScalar, kList, kMap, kAlias };
    Kind kind = Kind::kNull;
    std::size_t line = 0;    // from 1; of a value that was left out it means nothing
    std::size_t column = 0;  // from 1, in bytes
    bool flow = false;       // kList, kMap: in brackets
    std::size_t anchor = 0;  // its own, or of an alias that for which it stands; 0: none
    std::string tag;         // "?": plain, "!": quoted or a block, else as it is written
    std::string text;        // kScalar
    std::vector<Yaml> items;
    std::vector<YamlPair> pairs;

    bool is_null() const { return kind == Kind::kNull; }
    bool is_scalar() const { return kind == Kind::kScalar; }
    bool is_list() const { return kind == Kind::kList; }
    bool is_map() const { return kind == Kind::kMap; }
    bool is_alias() const { return kind == Kind::kAlias; }
    // Of a map: the pair with that key, or nullptr.
    const YamlPair* find(std::string_view key) const;
};

// Keys are scalars, each once in its map (but for merge keys).
struct YamlPair {
    Yaml key;
    Yaml value;
};

inline constexpr const char* kMergeKey = "<<";

// "LINE:COLUMN: WHAT"
core::Error yaml_error(const Yaml& where, const std::string& what);

// The one document of a text in UTF-8 without a byte order mark; kNull of an empty one.
core::Result<Yaml> parse_yaml(std::string_view text);

// The same without aliases and merge keys, as a program reads it. Positions are those of the text
// that is meant.
core::Result<Yaml> resolve(const Yaml& root);
// Of a mapping in it: what its merge keys alone would make of it, an empty one where it has none.
core::Result<Yaml> resolve_merged(const Yaml& root, const Yaml& map);

// Do both say the same? Positions, style and the order of keys do not matter, quotes of values do.
bool same(const Yaml& a, const Yaml& b);

// The first value in it with an anchor, or nullptr.
const Yaml* anchored(const Yaml& value);

// In double quotes.
std::string yaml_quoted(std::string_view text);
// A value without aliases on one line, in brackets where it is a list or a mapping; nullopt: not in
// a form that says the same to every reader.
std::optional<std::string> yaml_flow(const Yaml& value);
// Plain where no reader takes it for anything but a string, else quoted.
std::string yaml_scalar(std::string_view text);

}  // namespace amba::fleet
