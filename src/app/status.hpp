// What /status says: what the proxy sees, beside what the table asks for.
#pragma once

#include <vector>

#include "amba/proxy/view.hpp"
#include "amba/table/table.hpp"

namespace amba::app {

// Gives each frontend and backend that is in the table its settings, with their defaults.
void add_settings(std::vector<proxy::FrontendView>& views, const table::Table& table);

}  // namespace amba::app
