// A user's own file as a whole, for the verbs that rewrite one.
#pragma once

#include <string>

#include "amba/core/result.hpp"

namespace amba::app {

// Writes beside it under another name and renames, so that whatever happens the file is the old one
// or the new one. Keeps mode and owner of a file that is there, follows a symbolic link, and writes
// straight to what is no regular file (/dev/stdout). The error names the path.
core::Result<void> replace_file(const std::string& path, const std::string& bytes);

}  // namespace amba::app
