// ps: what talks to what, through which ambassador, in which state.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "amba/core/text.hpp"
#include "amba/fleet/plan.hpp"
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
        std::vector<const fleet::Member*> asked;
        std::vector<Row> known;
        for (const fleet::Member& ambassador : looked_.snapshot.ambassadors) {
            Row row = row_of(ambassador);
            if (row.state.empty()) {
                asked.push_back(&ambassador);
                known.push_back(std::move(row));
            } else {
                rows_.push_back(std::move(row));
            }
        }
        const auto statuses = looked_.fleet.statuses(asked);
        for (std::size_t i = 0; i < asked.size(); ++i)
            add(*asked[i], known[i], statuses[i]);
        add_missing();
        std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
            return std::tie(a.client, a.name, a.frontend) < std::tie(b.client, b.name, b.frontend);
        });
        return std::move(rows_);
    }

  private:
    // Without a state when that is its own to tell.
    Row row_of(const fleet::Member& ambassador) const {
        const fleet::Member* client = fleet::client_of(looked_.snapshot, ambassador);
        const docker::Container& container = ambassador.container;
        Row row;
        row.client =
            client ? client->container.name : container.label(fleet::kClientLabel) + " (gone)";
        row.name = fleet::join(fleet::names_of(container));
        row.frontend = "-";
        row.backends = "-";
        row.ambassador = docker::short_id(container.id);
        if (!client) {
            row.state = "its client is gone";
        } else if (!client->container.running()) {
            row.state = "its client is " + client->container.status;
        } else if (!container.running()) {
            row.state = container.status;
        } else if (container.started_us < client->container.started_us) {
            row.state = "left behind: its client was started again";
        }
        return row;
    }

    void add(const fleet::Member& ambassador, const Row& known,
             const core::Result<std::string>& status) {
        const std::vector<fleet::Name> names = fleet::names_of(ambassador.container);
        const auto seen = status ? fleet::parse_status(*status)
                                 : core::Result<std::vector<fleet::SeenFrontend>>(status.error());
        if (!seen) return add_state(known, seen.error().reason);
        add_frontends(rows_, known, names, *seen);
        const std::string rejection = fleet::parse_rejection(*status);
        const bool held =
            (!seen->empty() || !rejection.empty()) && add_held(known, ambassador, names, *seen);
        if (held) return;
        if (!rejection.empty()) return add_state(known, "rejected: " + rejection);
        if (seen->empty()) add_state(known, "waits for a table");
    }

    void add_state(Row row, const std::string& state) {
        row.state = state;
        rows_.push_back(std::move(row));
    }

    // Frontends that it ought to have and cannot, since its client holds the port. True: there are.
    bool add_held(const Row& known, const fleet::Member& ambassador,
                  const std::vector<fleet::Name>& names,
                  const std::vector<fleet::SeenFrontend>& seen) {
        fleet::Assignment assignment = fleet::assignment_of(
            looked_.snapshot, {fleet::client_of(looked_.snapshot, ambassador), names});
        assignment.ambassador = &ambassador;
        bool any = false;
        for (const fleet::Route& route : assignment.routes) {
            const std::string bind = route.bind();
            const bool has = std::any_of(seen.begin(), seen.end(), [&](const auto& frontend) {
                return frontend.bind == bind;
            });
            const auto why = has ? std::nullopt : looked_.fleet.held_by_client(assignment, bind);
            if (!why) continue;
            Row row = known;
            row.name = route.name.name;
            row.frontend = bind;
            add_state(std::move(row), *why);
            any = true;
        }
        return any;
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
    return core::printable_json(all.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
                                "\n");
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
