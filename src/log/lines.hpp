// How lines are written: what the files of the log share.
#pragma once

#include <string>
#include <string_view>

#include "amba/log/log.hpp"

namespace amba::log {

Format format();
// Writes a line that is ready, if its level is asked for.
void put(Level level, const std::string& line);
// ,"NAME":"TEXT" for a line of JSON; nothing when the text is empty.
std::string member(const char* name, std::string_view text);
// As core::printable, so that a name is never more than a part of its line.
std::string printable(std::string_view text);

}  // namespace amba::log
