// What people read of a running ambassador: /status as a table, /events as lines.
//
// Pure: JSON in, text out. An older daemon may leave keys out; what it does not tell is not shown.
// Names from a table are made printable: they cannot drive a terminal.
#pragma once

#include <string>

#include "amba/core/result.hpp"

namespace amba::admin {

// How a terminal is written to; a pipe gets the defaults.
struct TerminalLook {
    bool colour = false;
    bool utf8 = true;  // sparklines and marks beyond ASCII
};

// `amba status`. Bytes are in powers of 1000; ages are by the daemon's own clock; times are UTC.
// The error says that it is no status.
core::Result<std::string> to_text(const std::string& status_json, const TerminalLook& look = {});

// `amba status --events`: a line for each, oldest first.
core::Result<std::string> events_to_text(const std::string& events_json,
                                         const TerminalLook& look = {});

}  // namespace amba::admin
