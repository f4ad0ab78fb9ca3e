// Memory that was needed for a moment, given back to the system.
#pragma once

namespace amba::daemon {

// Free pages of the heap (malloc_trim(3)).
void give_back_heap();

// Pages of the program itself, most of which only start needs: the command line, the parsers. Those
// that are needed again come back from the page cache in some microseconds each. Called as start
// is over, and when the volume has come to rest after a change.
void give_back_code();

}  // namespace amba::daemon
