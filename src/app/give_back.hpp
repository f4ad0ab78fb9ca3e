// Memory that was needed for a moment, given back to the system.
#pragma once

namespace amba::app {

// Free pages of the heap (malloc_trim(3)).
void give_back_heap();

// Pages of the program itself, most of which only start needs: the command line, the parsers. Those
// that are needed again come back from the page cache in some microseconds each. Called once, as
// start is over: RSS at idle goes from 2.3 to 1.3 MB.
void give_back_code();

}  // namespace amba::app
