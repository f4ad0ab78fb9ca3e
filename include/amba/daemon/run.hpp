// The daemon, from start to exit: it listens, proxies, judges tables and answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/exit.hpp"
#include "amba/daemon/drain_accept.hpp"
#include "amba/table/table.hpp"
#include "amba/volume/volume.hpp"

namespace amba::daemon {

struct Options {
    volume::Paths paths;
    std::vector<std::string> words;     // the table of the command line, as words
    std::optional<table::Table> table;  // the same, parsed
    std::optional<core::Bind> admin;
    core::Duration drain_timeout{8000};
    DrainAccept drain_accept = DrainAccept::kLoopback;
    std::optional<core::Duration> orphan_exit{5000};  // unset: an orphan stays
    unsigned log_connections = 0;                     // one of so many is logged; 0: none
    bool poll = false;                                // do not use inotify
    // Ends that long after the last client has gone; unset: it stays.
    std::optional<core::Duration> exit_with_clients;
    bool takeover = false;  // take the place of the ambassador that serves in the volume
};

// Runs until SIGTERM, SIGINT or a failure after which it cannot go on; the log says which. It takes
// over the signals and the descriptors of the process, so a process may call it once.
core::Exit run(Options options);

}  // namespace amba::daemon
