// What the fleet's verbs share: which Engines, which project, and how they speak.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/fleet/fleet.hpp"

namespace CLI {
class App;
}

namespace amba::cli {

struct FleetOptions {
    std::vector<std::string> hosts;  // HOST or HOST=ADDRESS; none: the environment's
    bool tls = false;
    std::string certificates;
    fleet::FleetSettings settings;

    void add_engine(CLI::App& app);
    void add_project(CLI::App& app, bool all_by_default);
    void add_image(CLI::App& app);

    // One for each host.
    core::Result<std::vector<fleet::Site>> sites() const;
};

// The name that Compose gives the project of a directory: its own in lower case, without what is
// neither letter nor digit nor one of "-_".
std::string project_of_directory(const std::string& directory);

// Prints what is done to stdout, and what went wrong to stderr.
void say_plainly(const std::string& line, bool failed);

// Looks once, for a verb that needs a project with containers in it. Null: it has said why not, and
// `code` is the exit code.
struct FleetLook {
    fleet::Fleet fleet;
    fleet::Snapshot snapshot;
};
std::unique_ptr<FleetLook> look_once(const FleetOptions& options, int& code);

// Columns aligned by spaces, titles first.
std::string rows(const std::vector<std::vector<std::string>>& cells);

}  // namespace amba::cli
