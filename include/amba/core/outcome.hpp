// How a connection ended: HAProxy's two letters (its manual, 8.5 "Session state at
// disconnection"). The first says who or what ended it, the second at which stage.
#pragma once

namespace amba::core {

enum class EndedBy : char {
    kNormal = '-',         // both sides closed
    kClient = 'C',         // the client aborted
    kServer = 'S',         // the backend refused or aborted
    kProxy = 'P',          // a rule or a limit of the ambassador: no backend, descriptors
    kResource = 'R',       // the ambassador ran out of something
    kClientTimeout = 'c',  // idle time-out
    kServerTimeout = 's',  // connect time-out
    kDown = 'D',           // the backend left the table, or the frontend did
    kKilled = 'K',         // shutdown
};

enum class Stage : char {
    kQueue = 'Q',    // waiting for a backend
    kConnect = 'C',  // connecting to a backend
    kData = 'D',     // passing data
    kLast = 'L',     // one direction closed, the other still passing data
    kNone = '-',     // after the end
};

struct Outcome {
    EndedBy by = EndedBy::kNormal;
    Stage stage = Stage::kNone;
};

}  // namespace amba::core
