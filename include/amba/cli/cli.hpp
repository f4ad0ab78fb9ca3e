// The program: command line in, exit code out.
//
// Exit codes: 0 done; 1 it could not be done (cannot bind, rejected, no daemon where one is needed,
// time-out); 2 the command line or the config is wrong.
#pragma once

#include <string>
#include <vector>

namespace amba::cli {

int run(std::vector<std::string> arguments);

}  // namespace amba::cli
