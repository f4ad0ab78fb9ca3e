// The page of ADMIN's "/": one HTML file without an outside request. It asks /status and /events
// and changes nothing. Its parts are in src/admin/page, put into the program when that is built.
#pragma once

#include <string_view>

namespace amba::admin {

std::string_view page();

}  // namespace amba::admin
