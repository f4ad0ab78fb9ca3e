// What is told of a connection that has ended: an event when it did not end well, and a line in the
// log when connections are logged.
#pragma once

#include "amba/core/outcome.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/session.hpp"

namespace amba::proxy {

// The settings are those of its frontend.
void tell_end(const Session& session, core::Outcome outcome, const Settings& settings,
              core::Time now);

}  // namespace amba::proxy
