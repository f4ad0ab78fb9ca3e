// controller: create and configure, kept true by the Engine's events.
#include <pthread.h>
#include <CLI/CLI.hpp>
#include <csignal>

#include <thread>

#include "amba/core/version.hpp"
#include "amba/fleet/controller.hpp"
#include "amba/log/log.hpp"
#include "cli/commands.hpp"
#include "cli/fleet/options.hpp"

namespace amba::cli {

namespace {

// Every thread that comes later inherits the mask; one waits for the signals.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

void say_in_log(const std::string& line, bool failed) {
    if (failed) {
        log::warning("fleet", line);
    } else {
        log::info("fleet", line);
    }
}

}  // namespace

int command_controller(Arguments arguments) {
    CLI::App app(
        "Keep ambassadors where they ought to be, with the tables that they ought to have, as "
        "containers come and go: `create` and `configure` by the events of the Engine. It alone "
        "needs the Engine's socket. Ambassadors live on without it.",
        "controller");
    FleetOptions options;
    LogOptions log;
    options.add_engine(app);
    options.add_project(app, true);
    options.add_image(app);
    log.add(app);
    app.footer(
        "Example:\n  docker run -d --name amba-controller --restart unless-stopped "
        "--group-add $(stat -c %g /var/run/docker.sock) "
        "-v /var/run/docker.sock:/var/run/docker.sock amba:fleet controller");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    auto sites = options.sites();
    if (!sites) return fail(kWrong, sites.error().reason);
    log.apply();
    const sigset_t signals = block_signals();
    const fleet::Fleet fleet(std::move(*sites), options.settings, say_in_log);
    fleet::Controller controller(fleet);
    log::info("start",
              "amba " + core::version() + ", controller of " +
                  (options.settings.project.empty() ? std::string("all projects")
                                                    : "project " + options.settings.project));
    std::jthread work([&](const std::stop_token& stop) { controller.run(stop); });
    int signal = 0;
    sigwait(&signals, &signal);
    log::info("exit", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    work.request_stop();
    work.join();
    log::finish(std::chrono::milliseconds(200));
    return kDone;
}

}  // namespace amba::cli
