// status and healthcheck: ask the daemon over the volume's socket.
#include <CLI/CLI.hpp>

#include "amba/admin/status_text.hpp"
#include "amba/core/text.hpp"
#include "cli/commands.hpp"
#include "cli/terminal.hpp"
#include "cli/watch.hpp"

namespace amba::cli {

namespace {

using namespace std::chrono_literals;
constexpr core::Duration kAnswerTime = 5s;
constexpr core::Duration kShortest = 100ms;
constexpr std::int64_t kMostEvents = 1000;  // as many as an ambassador keeps

std::string answered(const admin::Response& answer) {
    return "the ambassador answered " + std::to_string(answer.status);
}

struct StatusOptions {
    VolumeOptions volume;
    bool json = false;
    bool watch = false;
    bool events = false;
    std::string interval = "1s";
    std::int64_t limit = kMostEvents;
};

int show(const StatusOptions& options) {
    const auto answer = ask(options.volume.paths(), "GET", "/status", kAnswerTime);
    if (!answer) return fail(kFailed, answer.error().reason);
    if (answer->status != 200) return fail(kFailed, answered(*answer));
    if (options.json) {
        print(core::printable_json(answer->body));
        return kDone;
    }
    const auto text = admin::to_text(answer->body, terminal_look());
    if (!text) return fail(kFailed, text.error().reason);
    print_as_it_is(*text);
    return kDone;
}

int show_events(const StatusOptions& options) {
    const std::string target = "/events?limit=" + std::to_string(options.limit);
    const auto answer = ask(options.volume.paths(), "GET", target, kAnswerTime);
    if (!answer) return fail(kFailed, answer.error().reason);
    if (answer->status == 404) {
        return fail(kFailed, "the ambassador keeps no events: it is older than this command");
    }
    if (answer->status != 200) return fail(kFailed, answered(*answer));
    if (options.json) {
        print(core::printable_json(answer->body));
        return kDone;
    }
    const auto text = admin::events_to_text(answer->body, terminal_look());
    if (!text) return fail(kFailed, text.error().reason);
    print_as_it_is(*text);
    return kDone;
}

int show_watch(const StatusOptions& options) {
    const auto interval = core::parse_duration(options.interval);
    if (!interval) return fail(kWrong, "--interval: " + interval.error().reason);
    if (*interval < kShortest) {
        return fail(kWrong, "--interval: " + core::quote(options.interval) +
                                " is too short; expected " + core::to_string(kShortest) +
                                " or more");
    }
    if (!has_terminal()) {
        return fail(kWrong, "--watch needs a terminal (docker run -it); for programs use --json");
    }
    return watch(options.volume.paths(), *interval);
}

}  // namespace

int command_status(Arguments arguments) {
    CLI::App app(
        "Frontends, backends and their connections: state and for how long, weight, connections "
        "now, in the queue, a second and in total, failures, retries, bytes up (from clients to "
        "backends) and down. Times are UTC.",
        "status");
    StatusOptions options;
    options.volume.add(app);
    auto* json = app.add_flag("--json", options.json, "As JSON, for programs");
    auto* watch = app.add_flag("--watch", options.watch,
                               "Refreshed in place, with rates; q quits, space pauses, arrows and "
                               "j/k scroll");
    auto* events = app.add_flag("--events", options.events, "What happened lately, a line each");
    app.add_option("--interval", options.interval, "Between two looks of --watch [1s]")
        ->type_name("TIME")
        ->needs(watch);
    add_number(app, "--limit", options.limit, 1, kMostEvents, "The newest events alone, 1 to 1000");
    app.get_option("--limit")->needs(events);
    watch->excludes(json)->excludes(events);
    app.footer(
        "Examples:\n  docker run --rm --volumes-from amba amba status --json\n"
        "  docker run --rm -it --volumes-from amba amba status --watch");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    if (options.watch) return show_watch(options);
    return options.events ? show_events(options) : show(options);
}

int command_healthcheck(Arguments arguments) {
    CLI::App app(
        "Exit 0 when the ambassador answers and every frontend of its table listens, "
        "1 when not. An ambassador that waits for its first table is healthy.",
        "healthcheck");
    VolumeOptions volume;
    volume.add(app);
    bool ready = false;
    app.add_flag("--ready", ready, "Ask for a table with a usable backend as well");
    app.footer("Example:\n  HEALTHCHECK --interval=60s CMD [\"amba\", \"healthcheck\"]");
    if (const auto code = parse(app, std::move(arguments))) return *code;
    const auto answer = ask(volume.paths(), "GET", ready ? "/readyz" : "/healthz", kAnswerTime);
    if (!answer) return fail(kFailed, answer.error().reason);
    print(answer->body);
    return answer->status == 200 ? kDone : kFailed;
}

}  // namespace amba::cli
