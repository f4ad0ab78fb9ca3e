// Names that nobody else has.
#pragma once

#include <string>

namespace amba::files {

// 128 random bits in hexadecimal.
std::string random_id();

}  // namespace amba::files
