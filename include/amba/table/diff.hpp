// What changes between two tables, for people: lines of the log and of reconfigure's output.
#pragma once

#include <string>
#include <vector>

#include "amba/table/table.hpp"

namespace amba::table {

// One short phrase per change, in the order of the tables, such as
// "frontend 127.127.0.2:6379 added" or "frontend redis: backend 10.0.0.5:6379 weight 1 -> 3".
// Empty when nothing changes.
std::vector<std::string> diff(const Table& before, const Table& after);

// The phrases joined with "; ", at most `limit` of them, then how many more there are.
std::string summary(const std::vector<std::string>& changes, std::size_t limit = 8);

}  // namespace amba::table
