// A user's own file as a whole, for the verbs that rewrite one.
#pragma once

#include <string>

#include "amba/core/result.hpp"

namespace amba::app {

// Writes beside it under another name and renames, so that whatever happens the file is the old one
// or the new one. Keeps mode and owner of a file that is there, follows a symbolic link, and writes
// straight to what is no regular file (/dev/stdout). The error names the path.
core::Result<void> replace_file(const std::string& path, const std::string& bytes);

// Keeps what the file has been, `bytes`, in PATH.orig beside it, with its mode and owner; where
// that is another's already, in PATH.orig.1 and so on, so that no older copy is lost. Returns the
// copy's path.
core::Result<std::string> keep_copy(const std::string& path, const std::string& bytes);

}  // namespace amba::app
