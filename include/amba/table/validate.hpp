// The rules that hold between the parts of a table, wherever it came from:
//
// - frontends do not overlap: no two can receive the same connection, and none is the admin
// address;
// - names of frontends differ;
// - no backend is one of amba's own frontends (a literal that is would make amba call itself);
// - the same backend twice in a frontend is one backend whose weights add up; its other settings
//   must agree.
#pragma once

#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/table/table.hpp"

namespace amba::table {

// A rule that is broken, and by which part: frontend < 0 means the table as a whole.
struct Violation {
    int frontend = -1;
    int backend = -1;
    const char* key = "";  // "bind", "name", "weight", ... or ""
    std::string reason;
};

// Merges backends that are given twice, fills in default names, and returns the first violation,
// if any. `table` is then unspecified.
std::optional<Violation> normalise(Table& table);

// The first backend literal that would reach amba itself through an address of this host.
std::optional<Violation> reaches_itself(const Table& table,
                                        const std::vector<core::Address>& local);

}  // namespace amba::table
