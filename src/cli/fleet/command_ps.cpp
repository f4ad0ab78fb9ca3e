// ps: what talks to what, through which ambassador, in which state.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "amba/core/text.hpp"
#include "amba/fleet/listing.hpp"
#include "cli/commands.hpp"
#include "cli/fleet/options.hpp"

namespace amba::cli {

namespace {

std::string as_json(const std::vector<fleet::ListingRow>& rows) {
    auto all = nlohmann::ordered_json::array();
    for (const fleet::ListingRow& row : rows) {
        all.push_back({{"client", row.client},
                       {"name", row.name},
                       {"frontend", row.frontend},
                       {"backends", row.backends},
                       {"connections", row.connections},
                       {"ambassador", row.ambassador},
                       {"serving", row.serves},
                       {"state", row.state}});
    }
    return core::printable_json(all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                                "\n");
}

std::string as_text(const std::vector<fleet::ListingRow>& all) {
    std::vector<std::vector<std::string>> cells{
        {"CLIENT", "NAME", "ADDRESS", "BACKENDS", "CONNECTIONS", "AMBASSADOR", "STATE"}};
    for (const fleet::ListingRow& row : all) {
        cells.push_back({row.client, row.name, row.frontend, row.backends,
                         std::to_string(row.connections), row.ambassador, row.state});
    }
    return rows(cells);
}

}  // namespace

int command_ps(Arguments arguments) {
    CLI::App app("What talks to what in a Compose project, through which ambassador.", "ps");
    FleetOptions options;
    bool json = false;
    options.add_engine(app);
    options.add_project(app, false);
    app.add_flag("--json", json, "For programs");
    app.footer("Example:\n  amba ps --project dockercoins");
    if (const auto wrong = parse(app, std::move(arguments))) return *wrong;
    int code = kDone;
    const auto looked = look_once(options, code);
    if (!looked) return code;
    const std::vector<fleet::ListingRow> all = fleet::listing(looked->fleet, looked->snapshot);
    print(json ? as_json(all) : as_text(all));
    return kDone;
}

}  // namespace amba::cli
