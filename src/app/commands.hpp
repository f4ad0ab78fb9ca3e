// The verbs, one function each. `arguments` are those after the verb, already split.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "amba/admin/client.hpp"
#include "amba/core/result.hpp"
#include "amba/volume/volume.hpp"

namespace CLI {
class App;
}

namespace amba::app {

enum Exit : int { kDone = 0, kFailed = 1, kWrong = 2 };

using Arguments = std::vector<std::string>;

int command_run(const Arguments& arguments);
int command_reconfigure(const Arguments& arguments);
int command_debugconfig(const Arguments& arguments);
int command_showconfig(const Arguments& arguments);
int command_check(const Arguments& arguments);
int command_status(const Arguments& arguments);
int command_healthcheck(const Arguments& arguments);
int command_version();

// ---- shared by the verbs ----

// Adds --dir and --state-dir with their environment variables. Read them after parse().
struct VolumeOptions {
    std::string directory = "/run/amba";
    std::string state;
    void add(CLI::App& app);
    volume::Paths paths() const { return {directory, state.empty() ? directory : state}; }
};

// Parses; an exit code when there is nothing more to do (--help, or a wrong command line).
std::optional<int> parse(CLI::App& app, const Arguments& arguments);

// One request to the daemon of that volume, over whichever of its sockets there is.
core::Result<admin::Response> ask(const volume::Paths& paths, const std::string& method,
                                  const std::string& target, core::Duration time);

// The whole of standard input, or why not.
core::Result<std::string> read_stdin();

void print(const std::string& text);            // stdout
int fail(int code, const std::string& reason);  // "amba: REASON" on stderr

std::string version();

}  // namespace amba::app
