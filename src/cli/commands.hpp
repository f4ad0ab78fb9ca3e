// The verbs, one function each. `arguments` are those after the verb, already split.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "amba/admin/client.hpp"
#include "amba/core/exit.hpp"
#include "amba/core/result.hpp"
#include "amba/log/log.hpp"
#include "amba/volume/volume.hpp"

namespace CLI {
class App;
}

namespace amba::cli {

using core::kDone;
using core::kFailed;
using core::kUnresolved;
using core::kWrong;

using Arguments = std::vector<std::string>;

// `run` keeps nothing of its arguments while it serves.
int command_run(Arguments arguments);
int command_reconfigure(Arguments arguments);
int command_debugconfig(Arguments arguments);
int command_showconfig(Arguments arguments);
int command_check(Arguments arguments);
int command_status(Arguments arguments);
int command_healthcheck(Arguments arguments);
int command_batch(Arguments arguments);
int command_listeners(Arguments arguments);
int command_version();

#ifdef AMBA_FLEET  // src/cli/fleet: verbs of the fleet tool, for whoever holds the Engine's socket
int command_link(Arguments arguments);
int command_create(Arguments arguments);
int command_configure(Arguments arguments);
int command_delete(Arguments arguments);
int command_ps(Arguments arguments);
int command_weight(Arguments arguments);
int command_controller(Arguments arguments);
#endif

// ---- shared by the verbs ----

// Adds --dir and --state-dir with their environment variables. Read them after parse().
struct VolumeOptions {
    std::string directory = "/run/amba";
    std::string state;
    void add(CLI::App& app);
    volume::Paths paths() const { return {directory, state.empty() ? directory : state}; }
};

// Adds --log-level and --log-format.
struct LogOptions {
    log::Level level = log::Level::kInfo;
    log::Format format = log::Format::kText;
    void add(CLI::App& app);
    void apply() const { log::configure(format, level); }
};

// Adds an option that takes a whole number; what is none, or out of range, is told in plain words.
void add_number(CLI::App& app, const std::string& name, std::int64_t& out, std::int64_t least,
                std::int64_t most, const std::string& help);

// Parses; an exit code when there is nothing more to do (--help, or a wrong command line). The
// arguments are used up: a large table is not in memory twice.
std::optional<int> parse(CLI::App& app, Arguments arguments);

// One request to the daemon of that volume, over whichever of its sockets there is; as admin::ask.
core::Result<admin::Response> ask(const volume::Paths& paths, const std::string& method,
                                  const std::string& target, core::Duration time,
                                  const std::function<bool()>& given_up = {});

// The whole of standard input, or why not.
core::Result<std::string> read_stdin();

// Prints to stdout, made printable (core/text.hpp). Where stdout cannot be written, the verb ends
// with exit code 1.
void print(const std::string& text);
// The same for what is printable already, colours included, or is a file of the user's.
void print_as_it_is(const std::string& text);
void warn(const std::string& line);             // to stderr, as print does
int fail(int code, const std::string& reason);  // "amba: REASON" on stderr

// Runs a command line (without the program's name) and returns what it would have printed. Several
// threads may do so at once.
struct Output {
    int code = 0;
    std::string out;
    std::string err;
};
Output run_aside(Arguments arguments);

}  // namespace amba::cli
