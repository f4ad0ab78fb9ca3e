// The forms that Compose takes for each key.
#include "fleet/compose.hpp"

#include <algorithm>

namespace amba::fleet {

using core::quote;
using core::Result;

namespace {

bool is_version(const std::string& version, char major) {
    return !version.empty() && version[0] == major && (version.size() == 1 || version[1] == '.');
}

// Whether the services are under `services`.
Result<bool> has_services_key(const Yaml& root) {
    if (root.is_null()) return core::error("1:1: the file is empty; expected services");
    if (!root.is_map()) return yaml_error(root, "expected a mapping with services");
    const YamlPair* version = root.find("version");
    const YamlPair* services = root.find("services");
    if (version) {
        const std::string& text = version->value.text;
        if (text == "1") return false;
        if (!is_version(text, '2') && !is_version(text, '3')) {
            return yaml_error(version->key,
                              "version " + quote(text) + "; expected 1, 2, 2.x, 3 or 3.x");
        }
        if (!services) return yaml_error(version->key, "expected services beside the version");
    }
    return services != nullptr;
}

// The names of version 1 that are no service.
bool is_other(const std::string& name) {
    return name == "version" || name.starts_with("x-");
}

Result<void> read_services(ComposeFile& file) {
    const Yaml* written = &file.written;
    const Yaml* whole = &file.whole;
    if (file.has_services) {
        written = &written->find("services")->value;
        whole = &whole->find("services")->value;
    }
    if (written->is_alias() || !written->is_map()) {
        return yaml_error(file.written.find("services")->key, "expected a mapping of services");
    }
    for (const YamlPair& pair : written->pairs) {
        ComposeService service;
        service.name = pair.key.text;
        if (!file.has_services && is_other(service.name)) continue;
        if (service.name == kMergeKey) {
            return yaml_error(pair.key, "services come through a merge key; expected them here");
        }
        service.own = &pair;
        service.whole = &whole->find(service.name)->value;
        auto merged = resolve_merged(file.written, pair.value);
        if (!merged) return merged.error();
        service.merged = std::move(*merged);
        if (!service.whole->is_map()) {
            return yaml_error(pair.key, "service " + quote(service.name) + ": expected a mapping");
        }
        if (service.value("extends")) {
            const YamlPair* extends = service.written("extends");
            return yaml_error(extends ? extends->key : pair.key,
                              "service " + quote(service.name) +
                                  " extends another; expected all of it here, as docker compose "
                                  "config prints it");
        }
        file.services.push_back(std::move(service));
    }
    return {};
}

void collect_aliases(const Yaml& value, std::set<std::size_t>& found) {
    if (value.is_alias()) found.insert(value.anchor);
    for (const Yaml& item : value.items)
        collect_aliases(item, found);
    for (const YamlPair& pair : value.pairs)
        collect_aliases(pair.value, found);
}

}  // namespace

const YamlPair* ComposeService::written(std::string_view key) const {
    return own->value.is_map() ? own->value.find(key) : nullptr;
}

const Yaml* ComposeService::value(std::string_view key) const {
    const YamlPair* pair = whole->find(key);
    return pair && !pair->value.is_null() ? &pair->value : nullptr;
}

std::string ComposeService::text(std::string_view key) const {
    const Yaml* found = value(key);
    return found && found->is_scalar() ? found->text : std::string();
}

bool ComposeService::inherits(std::string_view key) const {
    const YamlPair* pair = merged.find(key);
    return pair && !pair->value.is_null();
}

core::Error ComposeService::elsewhere(const std::string& key) const {
    const YamlPair* merge = written(kMergeKey);
    const Yaml& where = own->value.is_alias() ? own->value : merge ? merge->key : own->key;
    return yaml_error(where, key + " of service " + quote(name) +
                                 (merge && !own->value.is_alias() ? " come through a merge key (<<)"
                                                                  : " come through an alias") +
                                 " in a form that cannot be written here; expected them in the "
                                 "service itself");
}

const ComposeService* ComposeFile::find(std::string_view name) const {
    const auto found =
        std::find_if(services.begin(), services.end(),
                     [&](const ComposeService& service) { return service.name == name; });
    return found == services.end() ? nullptr : &*found;
}

Result<ComposeFile> read_compose(std::string_view text) {
    auto written = parse_yaml(text);
    if (!written) return written.error();
    auto whole = resolve(*written);
    if (!whole) return whole.error();
    const auto has_services = has_services_key(*written);
    if (!has_services) return has_services.error();
    ComposeFile file;
    file.written = std::move(*written);
    file.whole = std::move(*whole);
    file.has_services = *has_services;
    collect_aliases(file.written, file.aliased);
    if (auto read = read_services(file); !read) return read.error();
    return file;
}

Result<std::vector<ComposeEntry>> compose_entries(const ComposeService& service,
                                                  const std::string& key,
                                                  std::string_view dividers) {
    std::vector<ComposeEntry> entries;
    const Yaml* value = service.value(key);
    if (!value) return entries;
    if (!value->is_map() && !value->is_list()) {
        return yaml_error(
            *value, key + " of service " + quote(service.name) + ": expected a mapping or a list");
    }
    for (const YamlPair& pair : value->pairs) {
        if (!pair.value.is_list()) {
            entries.push_back({pair.key.text, pair.value.text, &pair.key});
            continue;
        }
        for (const Yaml& item : pair.value.items)
            entries.push_back({pair.key.text, item.text, &item});
    }
    for (const Yaml& item : value->items) {
        if (!item.is_scalar()) {
            return yaml_error(item.is_null() ? *value : item,
                              key + " of service " + quote(service.name) +
                                  (item.is_map() ? " have a mapping in their list"
                                                 : " have an entry that is no word") +
                                  "; expected NAME" + std::string(1, dividers.back()) +
                                  "VALUE, without a blank");
        }
        std::size_t at = std::string::npos;
        for (const char divider : dividers) {
            if (at == std::string::npos) at = find_outside(item.text, divider);
        }
        const bool divided = at != std::string::npos;
        entries.push_back(
            {item.text.substr(0, at), divided ? item.text.substr(at + 1) : std::string(), &item});
    }
    return entries;
}

std::size_t find_outside(std::string_view text, char what) {
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == what && depth <= 0) return i;
        if (text[i] == '{' || text[i] == '[') ++depth;
        if (text[i] == '}' || text[i] == ']') --depth;
    }
    return std::string_view::npos;
}

std::vector<std::string> split_colons(std::string_view text) {
    std::vector<std::string> parts(1);
    int depth = 0;
    for (const char c : text) {
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (c == ':' && depth <= 0) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

}  // namespace amba::fleet
