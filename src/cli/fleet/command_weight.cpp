// weight: parts of a service's traffic for its versions.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>

#include "amba/fleet/versions.hpp"
#include "cli/commands.hpp"
#include "cli/fleet/options.hpp"

namespace amba::cli {

namespace {

struct WeightRequest {
    std::string service;
    bool changes = false;               // there was a "="
    std::optional<fleet::Split> split;  // none: to be forgotten
};

core::Result<WeightRequest> asked(const std::string& word) {
    WeightRequest result;
    const std::size_t sign = word.find('=');
    result.service = word.substr(0, sign);
    if (result.service.empty()) {
        return core::error(core::quote(word) + ": expected SERVICE=VERSION:SHARE,...");
    }
    if (sign == std::string::npos) return result;
    result.changes = true;
    if (sign + 1 == word.size()) return result;
    auto split = fleet::parse_split(word.substr(sign + 1));
    if (!split) return split.error();
    result.split = std::move(*split);
    return result;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f %%",
                  whole ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0);
    return text;
}

std::string report(const std::map<std::string, fleet::Version>& all, const fleet::Split* split) {
    std::uint64_t served = 0;
    std::uint64_t weight = 0;
    for (const auto& [name, version] : all) {
        served += version.served;
        weight += static_cast<std::uint64_t>(version.weight) * version.containers.size();
    }
    std::vector<std::vector<std::string>> cells{
        {"VERSION", "SHARE", "CONTAINERS", "WEIGHT OF EACH", "OF NEW CONNECTIONS", "SERVED", ""}};
    for (const auto& [name, version] : all) {
        const auto share = split ? split->find(name) : fleet::Split::const_iterator();
        const bool has = split && share != split->end();
        cells.push_back(
            {name, has ? std::to_string(share->second) : "-",
             std::to_string(version.containers.size()), std::to_string(version.weight),
             percent(static_cast<std::uint64_t>(version.weight) * version.containers.size(),
                     weight),
             std::to_string(version.served), percent(version.served, served)});
    }
    return rows(cells);
}

// A version of which there is no container is told: it may be misspelt.
bool all_there(const fleet::Split& split, const std::map<std::string, fleet::Version>& all) {
    bool good = true;
    for (const auto& [name, share] : split) {
        if (all.contains(name) || share == 0) continue;
        say_plainly("no container is of version " + core::quote(name) +
                        ": neither its label ambassador.version nor its service says so",
                    true);
        good = false;
    }
    return good;
}

}  // namespace

int command_weight(Arguments arguments) {
    CLI::App app(
        "Give versions of a service parts of its traffic, and say from live counters what each has "
        "served. A version is a label ambassador.version of the service's containers, or a service "
        "of its own. The shares are remembered in the Engine (as a volume's label) until they are "
        "replaced, or taken back by SERVICE= with nothing behind it.",
        "weight");
    FleetOptions options;
    std::string word;
    options.add_engine(app);
    options.add_project(app, false);
    app.add_option("SHARES", word,
                   "SERVICE=VERSION:SHARE,VERSION:SHARE,... or SERVICE to show them")
        ->required();
    app.footer("Example:\n  amba weight rng=blue:90,green:10");
    if (const auto wrong = parse(app, std::move(arguments))) return *wrong;
    const auto wanted = asked(word);
    if (!wanted) return fail(kWrong, wanted.error().reason);
    int code = kDone;
    const auto looked = look_once(options, code);
    if (!looked) return code;
    auto& [fleet, snapshot] = *looked;
    const fleet::ServiceKey key{options.settings.project, wanted->service};
    bool good = true;
    if (wanted->changes) {
        if (const auto set = fleet.set_split(key, wanted->split); !set) {
            return fail(kFailed, set.error().reason);
        }
        auto again = fleet.look();
        if (!again) return fail(kFailed, again.error().reason);
        snapshot = std::move(*again);
        good = fleet.configure(snapshot).failed == 0;
    }
    const auto found = snapshot.splits.find(key);
    const fleet::Split* split = found == snapshot.splits.end() ? nullptr : &found->second;
    const auto [all, silent] = fleet::versions(fleet, snapshot, wanted->service);
    for (const std::string& why : silent)
        say_plainly(why, true);
    if (split) good = all_there(*split, all) && good;
    if (all.empty()) {
        return fail(kFailed,
                    "no ambassador of this project serves " + core::quote(wanted->service));
    }
    print(report(all, split));
    return good ? kDone : kFailed;
}

}  // namespace amba::cli
