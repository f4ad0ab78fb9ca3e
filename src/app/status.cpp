// Beside what the proxy sees: the settings that the table has for it.
#include "app/status.hpp"

#include <string_view>
#include <unordered_map>

#include "amba/table/json.hpp"

namespace amba::app {

void add_settings(std::vector<proxy::FrontendView>& views, const table::Table& table) {
    std::unordered_map<std::string, const table::Frontend*> by_bind;
    for (const auto& frontend : table.frontends)
        by_bind.emplace(frontend.bind.to_string(), &frontend);
    for (proxy::FrontendView& view : views) {
        const auto at = by_bind.find(view.bind);
        if (at == by_bind.end()) continue;  // it has left, with connections
        view.settings = table::settings_json(*at->second);
        std::unordered_map<std::string, std::string> by_origin;
        for (const table::Backend& backend : at->second->backends)
            by_origin.emplace(backend.to_string(), table::settings_json(backend));
        for (proxy::BackendView& backend : view.backends) {
            if (backend.state == proxy::BackendState::kLeaving) continue;
            const auto asked = by_origin.find(backend.origin);
            if (asked != by_origin.end()) backend.settings = asked->second;
        }
    }
}

}  // namespace amba::app
