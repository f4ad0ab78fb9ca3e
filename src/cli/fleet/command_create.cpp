// create, configure and delete: the ambassadors of one project, put right once.
#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/commands.hpp"
#include "cli/fleet/options.hpp"

namespace amba::cli {

namespace {

int finish(const fleet::Tally& tally, const std::string& done, const std::string& otherwise) {
    std::string text = std::to_string(tally.done) + " " + done;
    if (!otherwise.empty()) text += ", " + std::to_string(tally.unchanged) + " " + otherwise;
    if (tally.failed > 0) text += ", " + std::to_string(tally.failed) + " failed";
    print(text + "\n");
    return tally.failed > 0 ? kFailed : kDone;
}

// Those of an older image are replaced, as far as the others are well.
fleet::Tally with_upgrades(const fleet::Fleet& fleet, fleet::Tally tally) {
    const auto snapshot = fleet.look();
    if (!snapshot || tally.failed > 0) return tally;
    const fleet::Tally replaced = fleet.upgrade(*snapshot, snapshot->ambassadors.size());
    tally.done += replaced.done;
    tally.failed += replaced.failed;
    tally.unchanged -= std::min(tally.unchanged, replaced.done + replaced.failed);
    return tally;
}

}  // namespace

int command_create(Arguments arguments) {
    CLI::App app(
        "For every running container of a Compose project and each of its extra_hosts in "
        "127.127.0.0/16, one ambassador in its network namespace, made with its table. Those that "
        "are there stay, those of an older image hand over to one of the new, those that nobody "
        "needs are removed. 1 when one cannot have its table, as "
        "where the container listens on the same port itself.",
        "create");
    FleetOptions options;
    options.add_engine(app);
    options.add_project(app, false);
    options.add_image(app);
    app.footer("Example:\n  docker-compose up -d && amba create && amba configure");
    if (const auto wrong = parse(app, std::move(arguments))) return *wrong;
    int code = kDone;
    const auto looked = look_once(options, code);
    if (!looked) return code;
    const auto& [fleet, snapshot] = *looked;
    if (fleet::places(snapshot, false).empty()) {
        say_plainly(
            "no running container of this project has an extra_hosts entry in "
            "127.127.0.0/16; `amba link` makes them from links",
            true);
    }
    const fleet::Tally tally = with_upgrades(fleet, fleet.create(snapshot));
    return finish(tally, "created, started again, replaced or removed", "kept");
}

int command_configure(Arguments arguments) {
    CLI::App app(
        "Give every ambassador of a Compose project its table: each container of its service, by "
        "its address on a network that both share, or by the port that it publishes. Waits for "
        "every verdict; 1 when one was not applied.",
        "configure");
    FleetOptions options;
    options.add_engine(app);
    options.add_project(app, false);
    app.footer(
        "Example:\n  docker-compose up -d --scale worker=10 && amba create && amba configure");
    if (const auto wrong = parse(app, std::move(arguments))) return *wrong;
    int code = kDone;
    const auto looked = look_once(options, code);
    if (!looked) return code;
    const auto& [fleet, snapshot] = *looked;
    if (snapshot.ambassadors.empty()) {
        return fail(kFailed, "project " + core::quote(options.settings.project) +
                                 " has no ambassadors; `amba create` makes them");
    }
    return finish(fleet.configure(snapshot), "configured", "had their table");
}

int command_delete(Arguments arguments) {
    CLI::App app("Remove all ambassadors of a Compose project.", "delete");
    FleetOptions options;
    options.add_engine(app);
    options.add_project(app, false);
    app.footer("Example:\n  amba delete --project dockercoins");
    if (const auto wrong = parse(app, std::move(arguments))) return *wrong;
    auto sites = options.sites();
    if (!sites) return fail(kWrong, sites.error().reason);
    const fleet::Fleet fleet(std::move(*sites), options.settings, say_plainly);
    const auto snapshot = fleet.look();
    if (!snapshot) return fail(kFailed, snapshot.error().reason);
    return finish(fleet.remove(*snapshot), "removed", "");
}

}  // namespace amba::cli
