// ComposeFile: the services of a Compose file of any version, as they are written and as they are
// meant. Keys are read in all forms that Compose takes; nothing is changed here.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/result.hpp"
#include "fleet/yaml.hpp"

namespace amba::fleet {

// Points into the ComposeFile that it is of.
struct ComposeService {
    std::string name;
    const YamlPair* own = nullptr;  // as it is written
    const Yaml* whole = nullptr;    // the mapping that is meant, without aliases and merge keys
    Yaml merged;                    // what its merge keys alone give it

    // The pair if it is written in the service itself, or nullptr.
    const YamlPair* written(std::string_view key) const;
    // What is meant; nullptr where it is absent or empty.
    const Yaml* value(std::string_view key) const;
    // The same if it is a scalar, else "".
    std::string text(std::string_view key) const;
    // Would it be there through a merge key, were it not written?
    bool inherits(std::string_view key) const;
    // Why a key that is there but not written() cannot be changed.
    core::Error elsewhere(const std::string& key) const;
};

// "NAME: VALUE" of a map, "NAME=VALUE" of a list.
struct ComposeEntry {
    std::string name;
    std::string value;
    const Yaml* where = nullptr;
};

struct ComposeFile {
    ComposeFile() = default;
    ComposeFile(ComposeFile&&) = default;  // and no copy: services point into it
    ComposeFile& operator=(ComposeFile&&) = default;

    Yaml written;
    Yaml whole;
    bool has_services = true;  // false: version 1, services are at the top
    std::vector<ComposeService> services;
    std::set<std::size_t> aliased;  // the anchors that an alias stands for

    const ComposeService* find(std::string_view name) const;
};

core::Result<ComposeFile> read_compose(std::string_view text);

// The entries of `extra_hosts` (of a list divided by '=' or the first ':') or `labels` ('=').
core::Result<std::vector<ComposeEntry>> compose_entries(const ComposeService& service,
                                                        const std::string& key,
                                                        std::string_view dividers);

// "A:B:C" in its parts; a colon in ${...} or [...] divides nothing.
std::vector<std::string> split_colons(std::string_view text);
// The first of these characters that is not in ${...} or [...], or npos.
std::size_t find_outside(std::string_view text, char what);

}  // namespace amba::fleet
