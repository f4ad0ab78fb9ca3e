// The JSON of status and of events, key by key.
#include "amba/admin/status.hpp"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "admin/status_words.hpp"
#include "amba/core/rfc3339.hpp"
#include "amba/table/json.hpp"

namespace amba::admin {

using nlohmann::ordered_json;

namespace {

// The settings of what is in the table, found by its address there.
class SettingsOf {
  public:
    explicit SettingsOf(const table::Table* table) {
        if (table == nullptr) return;
        for (const table::Frontend& frontend : table->frontends)
            frontends_.emplace(frontend.bind.to_string(), &frontend);
    }
    // The settings of a frontend. The backends that are added next are looked for in it.
    void add(ordered_json& out, const proxy::FrontendView& frontend) {
        backends_.clear();
        const auto at = frontends_.find(frontend.bind);
        if (at == frontends_.end()) return;  // it has left, with connections
        out["settings"] = table::settings_json(*at->second);
        for (const table::Backend& backend : at->second->backends)
            backends_.emplace(backend.to_string(), &backend);
    }
    void add(ordered_json& out, const proxy::BackendView& backend) const {
        if (backend.state == proxy::BackendState::kLeaving) return;
        const auto at = backends_.find(backend.origin);
        if (at != backends_.end()) out["settings"] = table::settings_json(*at->second);
    }

  private:
    std::unordered_map<std::string, const table::Frontend*> frontends_;
    std::unordered_map<std::string, const table::Backend*> backends_;
};

// Of the steady clock, as a time of the day; empty: never.
std::string time_of(core::Time time, const Status& status) {
    if (time == core::Time{}) return {};
    const auto ago = std::chrono::duration_cast<std::chrono::microseconds>(status.now - time);
    return core::rfc3339(status.now_us - ago.count());
}

ordered_json to_value(const proxy::HistogramView& histogram) {
    std::uint64_t count = 0;
    for (const std::uint64_t n : histogram.counts)
        count += n;
    return {{"sum", histogram.sum},
            {"count", count},
            {"le", histogram.bounds},
            {"counts", histogram.counts}};
}

ordered_json to_value(const proxy::BackendView& backend, const Status& status,
                      const SettingsOf& settings) {
    ordered_json out{{"address", backend.address},
                     {"origin", backend.origin},
                     {"weight", backend.weight},
                     {"backup", backend.backup},
                     {"maxconn", backend.maxconn},
                     {"weight_percent", backend.weight_percent},
                     {"state", proxy::word(backend.state)},
                     {"usable", backend.usable},
                     {"since", time_of(backend.since, status)},
                     {"why", backend.why},
                     {"connections_current", backend.connections_current},
                     {"connections_total", backend.connections_total},
                     {"connections_failed", backend.connections_failed},
                     {"connections_rate", backend.connections_rate.value_or(0)},
                     {"resets_total", backend.resets_total},
                     {"downs_total", backend.downs_total},
                     {"bytes_up", backend.bytes_up},
                     {"bytes_down", backend.bytes_down}};
    settings.add(out, backend);
    return out;
}

ordered_json to_value(const proxy::FrontendView& frontend, const Status& status,
                      SettingsOf& settings) {
    ordered_json out{{"name", frontend.name},
                     {"bind", frontend.bind},
                     {"listening", frontend.listening},
                     {"paused", frontend.paused},
                     {"state", state_word(frontend)},
                     {"balance", frontend.balance},
                     {"maxconn", frontend.maxconn},
                     {"queue_current", frontend.queue_current},
                     {"queue_total", frontend.queue_total},
                     {"queue_timeouts", frontend.queue_timeouts},
                     {"connections_current", frontend.connections_current},
                     {"connections_total", frontend.connections_total},
                     {"connections_failed", frontend.connections_failed},
                     {"connections_rate", frontend.connections_rate.value_or(0)},
                     {"retries_total", frontend.retries_total.value_or(0)},
                     {"hedges_total", frontend.hedges_total},
                     {"bytes_up", frontend.bytes_up},
                     {"bytes_down", frontend.bytes_down}};
    if (!frontend.why.empty()) out["why"] = frontend.why;
    out["ended"] = ordered_json::object();
    for (const proxy::EndedView& ended : frontend.ended)
        out["ended"][ended.letters] = ended.count;
    out["connect"] = to_value(frontend.connect);
    out["session"] = to_value(frontend.session);
    settings.add(out, frontend);
    out["backends"] = ordered_json::array();
    for (const auto& backend : frontend.backends)
        out["backends"].push_back(to_value(backend, status, settings));
    return out;
}

}  // namespace

std::string to_json(const Status& status) {
    ordered_json out{{"version", status.version},
                     {"daemon", status.daemon},
                     {"started", core::rfc3339(status.started_us)},
                     {"now", core::rfc3339(status.now_us)},
                     {"generation", status.generation},
                     {"revision", status.revision},
                     {"applied", status.applied_us == 0 ? "" : core::rfc3339(status.applied_us)},
                     {"tables_applied", status.tables_applied},
                     {"tables_rejected", status.tables_rejected},
                     {"stopping", status.stopping},
                     {"orphaned", status.orphaned_us == 0 ? "" : core::rfc3339(status.orphaned_us)},
                     {"log_lines_dropped", status.log_lines_dropped},
                     {"unresolved", status.unresolved}};
    if (status.rejected) {
        out["rejected"] = {{"time", status.rejected->time},
                           {"revision", status.rejected->revision},
                           {"reason", status.rejected->reason}};
    }
    SettingsOf settings(status.table.get());
    out["frontends"] = ordered_json::array();
    for (const auto& frontend : status.frontends)
        out["frontends"].push_back(to_value(frontend, status, settings));
    return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string to_json(const std::vector<log::Event>& events) {
    constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};
    ordered_json out{{"events", ordered_json::array()}};
    for (const log::Event& event : events) {
        out["events"].push_back({{"id", event.id},
                                 {"time", core::rfc3339(event.first_us)},
                                 {"last", core::rfc3339(event.last_us)},
                                 {"count", event.count},
                                 {"level", kLevels[static_cast<int>(event.level)]},
                                 {"event", event.event},
                                 {"frontend", event.frontend},
                                 {"backend", event.backend},
                                 {"ended", event.ended},
                                 {"message", event.message}});
    }
    return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace amba::admin
