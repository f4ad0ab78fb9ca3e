// How a connection ended: HAProxy's two letters (its manual, 8.5 "Session state at
// disconnection"). The first says who or what ended it, the second at which stage.
#pragma once

#include <string>

namespace amba::core {

enum class EndedBy : char {
    kNormal = '-',         // both sides closed
    kClient = 'C',         // the client aborted
    kServer = 'S',         // the backend refused or aborted
    kProxy = 'P',          // there is no backend for it
    kResource = 'R',       // the ambassador ran out of something, such as descriptors
    kClientTimeout = 'c',  // nothing moved for the idle time-out
    kServerTimeout = 's',  // no backend answered, or was free, within its time
    kDown = 'D',           // its backend or its frontend left the table, or its backend went down
    kKilled = 'K',         // the ambassador was stopped
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

    bool operator==(const Outcome&) const = default;
    bool normal() const { return by == EndedBy::kNormal; }
    std::string letters() const { return {static_cast<char>(by), static_cast<char>(stage)}; }
};

// In words, such as "the backend aborted, while data was passed".
std::string to_string(Outcome outcome);

}  // namespace amba::core
