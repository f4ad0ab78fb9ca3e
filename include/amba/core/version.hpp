// Which amba this is.
#pragma once

#include <string>

namespace amba::core {

std::string version();  // "0.1.0"
std::string commit();   // empty: not known

}  // namespace amba::core
