// ps: what talks to what, through which ambassador, in which state.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "amba/docker/parallel.hpp"
#include "amba/fleet/seen.hpp"
#include "app/commands.hpp"
#include "app/fleet/options.hpp"

namespace amba::app {

namespace {

// One line: a frontend of an ambassador, or an ambassador without one, or a name without either.
struct Row {
    std::string client, name, frontend, ambassador, state;
    std::string backends;  // "2/3": usable ones of all
    std::uint64_t connections = 0;
    bool serves = false;
};

std::string name_at(const std::vector<fleet::Name>& names, const std::string& bind) {
    for (const fleet::Name& name : names) {
        if (bind.starts_with(name.bind + ":")) return name.name;
    }
    return "-";
}

void add_frontends(std::vector<Row>& rows, const Row& known, const std::vector<fleet::Name>& names,
                   const std::vector<fleet::SeenFrontend>& seen) {
    for (const fleet::SeenFrontend& frontend : seen) {
        Row row = known;
        row.name = name_at(names, frontend.bind);
        row.frontend = frontend.bind;
        row.connections = frontend.connections;
        const auto usable = std::count_if(
            frontend.backends.begin(), frontend.backends.end(), [](const fleet::SeenBackend& one) {
                // A new one is not known yet, and takes connections.
                return one.state == "healthy" || one.state == "unknown";
            });
        row.backends = std::to_string(usable) + "/" + std::to_string(frontend.backends.size());
        row.serves = usable > 0;
        row.state = frontend.backends.empty() ? "no backend"
                    : usable == 0             ? "no usable backend"
                                              : "serving";
        rows.push_back(std::move(row));
    }
}

class Listing {
  public:
    explicit Listing(const Looked& looked) : looked_(looked) {}

    std::vector<Row> rows() {
        const auto& ambassadors = looked_.snapshot.ambassadors;
        docker::ten_at_a_time(ambassadors, [this](const fleet::Member& one) { add(one); });
        add_missing();
        std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
            return std::tie(a.client, a.name, a.frontend) < std::tie(b.client, b.name, b.frontend);
        });
        return std::move(rows_);
    }

  private:
    void add(const fleet::Member& ambassador) {
        const fleet::Member* client = fleet::client_of(looked_.snapshot, ambassador);
        const std::vector<fleet::Name> names = fleet::names_of(ambassador.container);
        Row row;
        row.client = client ? client->container.name
                            : ambassador.container.label(fleet::kClientLabel) + " (gone)";
        row.name = fleet::join(names);
        row.frontend = "-";
        row.backends = "-";
        row.ambassador = docker::short_id(ambassador.container.id);
        std::vector<Row> mine;
        if (!client) {
            row.state = "its client is gone";
        } else if (!client->container.running()) {
            row.state = "its client is " + client->container.status;
        } else if (!ambassador.container.running()) {
            row.state = ambassador.container.status;
        } else if (ambassador.container.started_us < client->container.started_us) {
            row.state = "left behind: its client was started again";
        } else {
            const auto status = looked_.fleet.status(ambassador);
            const auto seen = status
                                  ? fleet::parse_status(*status)
                                  : core::Result<std::vector<fleet::SeenFrontend>>(status.error());
            if (seen) add_frontends(mine, row, names, *seen);
            row.state = seen ? "waits for a table" : seen.error().reason;
        }
        if (mine.empty()) mine.push_back(row);
        const std::lock_guard lock(mutex_);
        std::move(mine.begin(), mine.end(), std::back_inserter(rows_));
    }

    void add_missing() {
        for (const fleet::Place& place : fleet::places(looked_.snapshot, false)) {
            const fleet::Name& name = place.names.front();
            const auto& all = looked_.snapshot.ambassadors;
            const bool has = std::any_of(all.begin(), all.end(), [&](const fleet::Member& one) {
                const auto names = fleet::names_of(one.container);
                return fleet::client_of(looked_.snapshot, one) == place.client &&
                       std::find(names.begin(), names.end(), name) != names.end();
            });
            if (has) continue;
            Row row;
            row.client = place.client->container.name;
            row.name = name.name;
            row.frontend = name.bind;
            row.backends = "-";
            row.ambassador = "-";
            row.state = "no ambassador; `amba create` makes it";
            rows_.push_back(std::move(row));
        }
    }

    const Looked& looked_;
    std::mutex mutex_;
    std::vector<Row> rows_;
};

std::string as_json(const std::vector<Row>& rows) {
    auto all = nlohmann::ordered_json::array();
    for (const Row& row : rows) {
        all.push_back({{"client", row.client},
                       {"name", row.name},
                       {"frontend", row.frontend},
                       {"backends", row.backends},
                       {"connections", row.connections},
                       {"ambassador", row.ambassador},
                       {"serving", row.serves},
                       {"state", row.state}});
    }
    return all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string as_text(const std::vector<Row>& all) {
    std::vector<std::vector<std::string>> cells{
        {"CLIENT", "NAME", "ADDRESS", "BACKENDS", "CONNECTIONS", "AMBASSADOR", "STATE"}};
    for (const Row& row : all) {
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
    if (const auto wrong = parse(app, arguments)) return *wrong;
    int code = kDone;
    const auto looked = look_once(options, code);
    if (!looked) return code;
    const std::vector<Row> all = Listing(*looked).rows();
    print(json ? as_json(all) : as_text(all));
    return kDone;
}

}  // namespace amba::app
