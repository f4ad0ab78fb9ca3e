// Files of /proc, /sys and control groups, which tell no size.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace amba::net {

// All of it; empty: it cannot be read, or there is nothing in it.
std::string read_proc_file(const std::string& path);

// Each line, without its end, until `more` is false. False: it was.
bool each_proc_line(const std::string& path, const std::function<bool(std::string_view)>& more);

// Each name in a directory but those that begin with a dot, until `more` is false. False: it was.
bool each_proc_name(const std::string& path, const std::function<bool(const std::string&)>& more);

// The n-th word of a line, from 0, of words with spaces between; empty: there are fewer.
std::string_view proc_word(std::string_view line, int n);

}  // namespace amba::net
