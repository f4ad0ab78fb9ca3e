// The one loop around write(2).
#pragma once

#include <string>

namespace amba::files {

// 0, or the error's number.
int write_all(int fd, const std::string& bytes);

}  // namespace amba::files
