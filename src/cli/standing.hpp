// What a writer of config.json finds: the table that its own replaces or builds on.
#pragma once

#include <cstdint>

#include "amba/core/duration.hpp"
#include "amba/table/table.hpp"
#include "amba/volume/volume.hpp"

namespace amba::cli {

struct StandingTable {
    table::Table table;
    std::uint64_t generation = 0;  // of the active one
    bool pending = false;          // it is not active: no ambassador has judged it yet
};

// Has the ambassador judge what stands in config.json, waiting for at most `time`, so that nothing
// is built on a file that is wrong and nothing pending is overlooked. Where none answers, the files
// do. For a caller that holds the writers' lock.
StandingTable settle(const volume::Paths& paths, core::Duration time);

// What stands by the files alone: the config.json that is still to be judged, or the active table.
StandingTable written_last(const volume::Paths& paths);

// What stands by the word of the ambassador, or else by the files. Nothing is judged for the sake
// of this.
StandingTable stands_now(const volume::Paths& paths);

// Are all frontends of `update` in the active table, just as they are there?
bool in_effect(const volume::Paths& paths, const table::Table& update);

// `base` with the frontends of `update` in the place of those with the same bind.
table::Table merged(table::Table base, const table::Table& update);

}  // namespace amba::cli
