// Writes what the reader takes back unchanged, without the settings that have their default.
#include <nlohmann/json.hpp>

#include "amba/table/json.hpp"
#include "table/settings.hpp"

namespace amba::table {

namespace {

using nlohmann::ordered_json;

ordered_json typed(JsonKind kind, const std::string& shown) {
    switch (kind) {
        case JsonKind::kInteger: return std::stoll(shown);
        case JsonKind::kBoolean: return shown == "true";
        case JsonKind::kString: return shown;
    }
    return {};
}

// Writes what differs from a freshly made Owner.
template <class Owner>
void write_settings(ordered_json& out, std::span<const Setting<Owner>> settings, const Owner& owner,
                    const Owner& fresh) {
    for (const auto& setting : settings) {
        const std::string shown = setting.show(owner);
        if (shown == setting.show(fresh)) continue;
        ordered_json& object = *setting.group == '\0' ? out : out[setting.group];
        object[setting.member] = typed(setting.kind, shown);
    }
}

ordered_json write_backend(const Backend& backend) {
    ordered_json out;
    out["address"] = backend.to_string();
    write_settings(out, backend_settings(), backend, Backend{});
    return out;
}

ordered_json write_frontend(const Frontend& frontend) {
    ordered_json out;
    Frontend fresh;
    fresh.name = frontend.bind.to_string();  // the default name
    out["bind"] = frontend.bind.to_string();
    write_settings(out, frontend_settings(), frontend, fresh);
    out["backends"] = ordered_json::array();
    for (const Backend& backend : frontend.backends) {
        out["backends"].push_back(write_backend(backend));
    }
    return out;
}

template <class Owner>
ordered_json all_settings(std::span<const Setting<Owner>> settings, const Owner& owner) {
    ordered_json out;
    for (const auto& setting : settings) {
        const std::string shown = setting.show(owner);
        if (shown.empty()) continue;  // unset: as its frontend has it
        ordered_json& object = *setting.group == '\0' ? out : out[setting.group];
        object[setting.member] = typed(setting.kind, shown);
    }
    return out;
}

}  // namespace

ordered_json settings_json(const Frontend& frontend) {
    return all_settings(frontend_settings(), frontend);
}

ordered_json settings_json(const Backend& backend) {
    return all_settings(backend_settings(), backend);
}

ordered_json document_json(const Table& table, const Stamp& stamp) {
    ordered_json out;
    if (!stamp.revision.empty()) out["revision"] = stamp.revision;
    if (stamp.generation) out["generation"] = *stamp.generation;
    if (stamp.if_generation) out["if-generation"] = *stamp.if_generation;
    out["frontends"] = ordered_json::array();
    for (const Frontend& frontend : table.frontends) {
        out["frontends"].push_back(write_frontend(frontend));
    }
    if (table.admin) out["admin"] = table.admin->to_string();
    return out;
}

std::string to_text(const ordered_json& document) {
    return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string to_json(const Table& table, const Stamp& stamp) {
    return to_text(document_json(table, stamp));
}

}  // namespace amba::table
