// ListComments: the comments in a list that is about to go, entry by entry, so that they may go
// with what becomes of it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "fleet/yaml_lines.hpp"

namespace amba::fleet {

struct ListComments {
    struct Entry {
        std::vector<std::string> above;  // lines of their own, without the blanks before them
        std::string beside;              // with the blanks before it; "": none
    };
    std::string key;                       // beside the key, likewise
    std::map<std::size_t, Entry> entries;  // by index, of those that have any
    std::vector<std::string> below;

    // All lines of their own, in order.
    std::vector<std::string> lines() const;
};

ListComments comments_of(const YamlLines& lines, const YamlPair& list);

}  // namespace amba::fleet
