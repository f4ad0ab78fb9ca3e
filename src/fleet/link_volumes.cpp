// Volumes that are paths of the host go: on another host, or beside another container of the same
// service, they are not what they were. Named ones hold data and stay.
#include "fleet/link_plan.hpp"

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

// "./x:/y", "~/x:/y", "/x:/y", "${X}:/y", "C:\x:/y", "C:/x:/y"; and not "name:/y" or "/y", which is
// a volume without a name.
bool is_path(const std::string& entry) {
    if (entry.empty()) return false;
    if (entry[0] == '$') return true;
    const std::vector<std::string> parts = split_colons(entry);
    if (parts.size() < 2 || parts[0].empty()) return false;
    const bool target = parts.size() > 2 && std::string_view("/\\").find(parts[2].substr(0, 1)) !=
                                                std::string_view::npos;
    const bool drive = parts[0].size() == 1 &&
                       (parts[1].starts_with('\\') || (parts[1].starts_with('/') && target));
    return drive || std::string_view("./~").find(parts[0][0]) != std::string_view::npos;
}

bool is_of_host(const Yaml& entry) {
    if (entry.is_scalar()) return is_path(entry.text);
    const YamlPair* type = entry.find("type");
    return type && (type->value.text == "bind" || type->value.text == "npipe");
}

std::string source_of(const Yaml& entry) {
    if (entry.is_scalar()) return quote(entry.text);
    const YamlPair* source = entry.find("source");
    return source ? quote(source->value.text) : "without a source";
}

}  // namespace

Result<void> LinkPlanner::plan_volumes(const ComposeService& service, LinkPlan& plan) {
    const Yaml* volumes = service.value("volumes");
    if (!volumes || options_.keep_volumes) return {};
    if (!volumes->is_list()) {
        return yaml_error(*volumes,
                          "volumes of service " + quote(service.name) + ": expected a list");
    }
    for (std::size_t i = 0; i < volumes->items.size(); ++i) {
        const Yaml& entry = volumes->items[i];
        if (!is_of_host(entry)) continue;
        plan.volumes_dropped.insert(i);
        remark(entry, "volume " + source_of(entry) + " of service " + quote(service.name) +
                          " is gone: it is a path of this host (--keep-volumes leaves it)");
    }
    return {};
}

}  // namespace amba::fleet
