// The words for addresses, shared by the command line and JSON.
#pragma once

#include <string>
#include <string_view>

#include "amba/core/result.hpp"
#include "amba/table/table.hpp"

namespace amba::table {

// A backend's host: a literal (brackets allowed) in its canonical form, or a name. The error says
// what was expected.
core::Result<std::string> parse_host(std::string_view word);

// Is that srv:NAME? Then no port follows. srv:6379 is a port of a host that is called srv.
bool is_service(std::string_view word);

// HOST:PORT, [V6]:PORT or srv:NAME into host and port of a backend.
core::Result<Backend> parse_backend_address(std::string_view word);

using core::quote;

}  // namespace amba::table
