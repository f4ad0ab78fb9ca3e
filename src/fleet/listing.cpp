// A row for each frontend of each ambassador, and for each name that has none.
#include "amba/fleet/listing.hpp"

#include <algorithm>
#include <tuple>

#include "amba/admin/status.hpp"
#include "amba/fleet/plan.hpp"

namespace amba::fleet {

namespace {

// A backend of unknown state is a new one, and takes connections.
bool takes(const proxy::BackendView& backend) {
    return backend.state == proxy::BackendState::kHealthy ||
           backend.state == proxy::BackendState::kUnknown;
}

std::string name_at(const std::vector<ServedName>& names, const std::string& bind) {
    for (const ServedName& name : names) {
        if (bind.starts_with(name.bind + ":")) return name.name;
    }
    return "-";
}

void add_frontends(std::vector<ListingRow>& rows, const ListingRow& known,
                   const std::vector<ServedName>& names,
                   const std::vector<proxy::FrontendView>& seen) {
    for (const proxy::FrontendView& frontend : seen) {
        ListingRow row = known;
        row.name = name_at(names, frontend.bind);
        row.frontend = frontend.bind;
        row.connections = frontend.connections_current;
        const auto usable =
            std::count_if(frontend.backends.begin(), frontend.backends.end(), takes);
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
    Listing(const Fleet& fleet, const Snapshot& snapshot) : fleet_(fleet), snapshot_(snapshot) {}

    std::vector<ListingRow> rows() {
        std::vector<const FleetContainer*> asked;
        std::vector<ListingRow> known;
        for (const FleetContainer& ambassador : snapshot_.ambassadors) {
            ListingRow row = row_of(ambassador);
            if (row.state.empty()) {
                asked.push_back(&ambassador);
                known.push_back(std::move(row));
            } else {
                rows_.push_back(std::move(row));
            }
        }
        for (const FleetContainer& ambassador : snapshot_.aside) {
            ListingRow row = row_of(ambassador);
            row.state = !ambassador.container.running() ? "does not serve: " + row.state
                                                        : "its connections end, or it takes over";
            rows_.push_back(std::move(row));
        }
        const auto statuses = fleet_.statuses(asked);
        for (std::size_t i = 0; i < asked.size(); ++i)
            add(*asked[i], known[i], statuses[i]);
        add_missing();
        std::sort(rows_.begin(), rows_.end(), [](const ListingRow& a, const ListingRow& b) {
            return std::tie(a.client, a.name, a.frontend) < std::tie(b.client, b.name, b.frontend);
        });
        return std::move(rows_);
    }

  private:
    // The row of an ambassador; its state is left out where the ambassador tells it itself.
    ListingRow row_of(const FleetContainer& ambassador) const {
        const FleetContainer* client = client_of(snapshot_, ambassador);
        const docker::Container& container = ambassador.container;
        ListingRow row;
        row.client = client ? client->container.name : container.label(kClientLabel) + " (gone)";
        row.name = join(names_of(container));
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

    void add(const FleetContainer& ambassador, const ListingRow& known,
             const core::Result<admin::Status>& status) {
        const std::vector<ServedName> names = names_of(ambassador.container);
        if (!status) return add_state(known, status.error().reason);
        const std::vector<proxy::FrontendView>& seen = status->frontends;
        add_frontends(rows_, known, names, seen);
        const std::string rejection = status->rejected ? status->rejected->reason : "";
        const bool held =
            (!seen.empty() || !rejection.empty()) && add_held(known, ambassador, names, seen);
        if (held) return;
        if (!rejection.empty()) return add_state(known, "rejected: " + rejection);
        if (seen.empty()) add_state(known, "waits for a table");
    }

    void add_state(ListingRow row, const std::string& state) {
        row.state = state;
        rows_.push_back(std::move(row));
    }

    // Frontends that it ought to have and cannot, since its client holds the port. True: there are.
    bool add_held(const ListingRow& known, const FleetContainer& ambassador,
                  const std::vector<ServedName>& names,
                  const std::vector<proxy::FrontendView>& seen) {
        Assignment assignment = assignment_of(snapshot_, {client_of(snapshot_, ambassador), names});
        assignment.ambassador = &ambassador;
        bool any = false;
        for (const Route& route : assignment.routes) {
            const std::string bind = route.bind();
            const bool has = std::any_of(seen.begin(), seen.end(), [&](const auto& frontend) {
                return frontend.bind == bind;
            });
            const auto why = has ? std::nullopt : fleet_.held_by_client(assignment, bind);
            if (!why) continue;
            ListingRow row = known;
            row.name = route.name.name;
            row.frontend = bind;
            add_state(std::move(row), *why);
            any = true;
        }
        return any;
    }

    void add_missing() {
        for (const AmbassadorPlace& place : places(snapshot_, false)) {
            const ServedName& name = place.names.front();
            const auto& all = snapshot_.ambassadors;
            const bool has = std::any_of(all.begin(), all.end(), [&](const FleetContainer& one) {
                const auto names = names_of(one.container);
                return client_of(snapshot_, one) == place.client &&
                       std::find(names.begin(), names.end(), name) != names.end();
            });
            if (has) continue;
            ListingRow row;
            row.client = place.client->container.name;
            row.name = name.name;
            row.frontend = name.bind;
            row.backends = "-";
            row.ambassador = "-";
            row.state = "no ambassador; `amba create` makes it";
            rows_.push_back(std::move(row));
        }
    }

    const Fleet& fleet_;
    const Snapshot& snapshot_;
    std::vector<ListingRow> rows_;
};

}  // namespace

std::vector<ListingRow> listing(const Fleet& fleet, const Snapshot& snapshot) {
    return Listing(fleet, snapshot).rows();
}

}  // namespace amba::fleet
