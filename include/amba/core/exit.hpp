// Exit codes of the program, whatever the verb.
#pragma once

namespace amba::core {

enum Exit : int {
    kDone = 0,
    kFailed = 1,      // it could not be done: cannot bind, rejected, nobody answers, time is over
    kWrong = 2,       // the command line or the table is wrong
    kUnresolved = 3,  // done, and names of the table lead nowhere so far
    kOrphaned = 4,    // run: the container that it served has ended
};

}  // namespace amba::core
