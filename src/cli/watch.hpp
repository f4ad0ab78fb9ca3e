// status --watch: the ambassador's status on a terminal, until somebody quits.
#pragma once

#include "amba/core/duration.hpp"
#include "amba/volume/volume.hpp"

namespace amba::cli {

// The exit code. An ambassador that has answered once may go and come back.
int watch(const volume::Paths& paths, core::Duration interval);

}  // namespace amba::cli
