// Rows under titles, aligned, for a width: columns that do not fit are left out by their priority.
#pragma once

#include <string>
#include <vector>

#include "admin/text.hpp"

namespace amba::admin {

struct Column {
    const char* title = "";
    bool left = false;      // aligned to the left
    int drop = 0;           // where it is narrow the greatest goes first; 0 stays
    std::size_t least = 0;  // so wide at least, even when empty: what is beside it does not move
    bool flows = false;     // the last one: cut by the edge, and gets what is left
};

struct TextTable {
    std::vector<Column> columns;
    std::vector<std::vector<Span>> rows;  // as many cells as columns
};

struct Layout {
    std::vector<Line> lines;           // titles first
    std::vector<std::string> dropped;  // titles of columns that were left out
};

// An empty column is not shown when its least width is 0. `most` is in code points; lines may still
// be longer.
Layout lay_out(const TextTable& table, std::size_t most = kAnyWidth);

}  // namespace amba::admin
