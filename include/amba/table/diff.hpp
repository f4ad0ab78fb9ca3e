// The difference of two tables, and how it is told to people: in lines of the log and in
// reconfigure's output.
#pragma once

#include <string>
#include <vector>

#include "amba/table/table.hpp"

namespace amba::table {

struct Change {
    enum class Kind {
        kFrontendAdded,
        kFrontendRemoved,
        kFrontendSetting,
        kBackendAdded,
        kBackendRemoved,
        kBackendSetting,
        kBackendsReordered,
        kAdmin,
    } kind;
    std::string frontend = {};  // its name; of one that is added or removed its bind
    std::string backend = {};   // HOST:PORT
    std::string key = {};       // of a setting, as words have it
    std::string from = {};      // its value before; empty: unset
    std::string to = {};
    std::size_t backends = 0;  // of a frontend that is added
};

// In the order of the tables; empty when nothing changes.
std::vector<Change> diff(const Table& before, const Table& after);

// "frontend 127.127.0.2:6379 removed", "frontend redis: backend 10.0.0.5:6379 weight 1 -> 3".
std::string to_string(const Change& change);

// The changes joined with "; ", at most `limit` of them, then how many more there are.
std::string summary(const std::vector<Change>& changes, std::size_t limit = 8);

}  // namespace amba::table
