// Settings are compared as the words of the command line, so that two tables differ where a reader
// would see it.
#include "amba/table/diff.hpp"

#include <unordered_map>

#include "amba/core/count_of.hpp"
#include "table/settings.hpp"

namespace amba::table {

using Kind = Change::Kind;

namespace {

void diff_backend(const std::string& frontend, const Backend& before, const Backend& after,
                  std::vector<Change>& out) {
    if (before == after) return;
    for (const BackendSetting& setting : backend_settings()) {
        const std::string from = setting.show(before);
        const std::string to = setting.show(after);
        if (from == to) continue;
        out.push_back({Kind::kBackendSetting, frontend, after.to_string(), setting.key, from, to});
    }
}

void diff_backends(const Frontend& before, const Frontend& after, std::vector<Change>& out) {
    std::unordered_map<std::string, const Backend*> old;
    for (const Backend& backend : before.backends)
        old.emplace(backend.to_string(), &backend);
    for (const Backend& backend : after.backends) {
        const std::string name = backend.to_string();
        const auto found = old.find(name);
        if (found == old.end()) {
            out.push_back({Kind::kBackendAdded, after.name, name});
            continue;
        }
        diff_backend(after.name, *found->second, backend, out);
        old.erase(found);
    }
    for (const Backend& backend : before.backends) {
        if (old.erase(backend.to_string()) == 0) continue;
        out.push_back({Kind::kBackendRemoved, after.name, backend.to_string()});
    }
}

void diff_frontend(const Frontend& before, const Frontend& after, std::vector<Change>& out) {
    const std::size_t known = out.size();
    for (const FrontendSetting& setting : frontend_settings()) {
        const std::string from = setting.show(before);
        const std::string to = setting.show(after);
        if (from == to) continue;
        out.push_back({Kind::kFrontendSetting, after.name, {}, setting.key, from, to});
    }
    diff_backends(before, after, out);
    if (out.size() == known) out.push_back({Kind::kBackendsReordered, after.name});
}

std::string from_to(const Change& change) {
    const auto value = [](const std::string& text) {
        return text.empty() ? "unset" : text;
    };
    return change.key + " " + value(change.from) + " -> " + value(change.to);
}

}  // namespace

std::vector<Change> diff(const Table& before, const Table& after) {
    std::vector<Change> out;
    std::unordered_map<std::string, const Frontend*> old;
    for (const Frontend& frontend : before.frontends)
        old.emplace(frontend.bind.to_string(), &frontend);
    for (const Frontend& frontend : after.frontends) {
        const std::string bind = frontend.bind.to_string();
        const auto found = old.find(bind);
        if (found == old.end()) {
            out.push_back({.kind = Kind::kFrontendAdded,
                           .frontend = bind,
                           .backends = frontend.backends.size()});
            continue;
        }
        if (!(*found->second == frontend)) diff_frontend(*found->second, frontend, out);
        old.erase(found);
    }
    for (const Frontend& frontend : before.frontends) {
        const std::string bind = frontend.bind.to_string();
        if (old.contains(bind)) out.push_back({Kind::kFrontendRemoved, bind});
    }
    if (before.admin != after.admin) {
        const auto address = [](const Table& table) {
            return table.admin ? table.admin->to_string() : std::string();
        };
        out.push_back({.kind = Kind::kAdmin, .from = address(before), .to = address(after)});
    }
    return out;
}

std::string to_string(const Change& change) {
    const std::string frontend = "frontend " + change.frontend;
    const std::string backend = frontend + ": backend " + change.backend;
    switch (change.kind) {
        case Kind::kFrontendAdded:
            return frontend + " added with " + core::count_of(change.backends, "backend");
        case Kind::kFrontendRemoved: return frontend + " removed";
        case Kind::kFrontendSetting: return frontend + ": " + from_to(change);
        case Kind::kBackendAdded: return backend + " added";
        case Kind::kBackendRemoved: return backend + " removed";
        case Kind::kBackendSetting: return backend + " " + from_to(change);
        case Kind::kBackendsReordered: return frontend + ": backends reordered";
        case Kind::kAdmin: return "admin " + (change.to.empty() ? "off" : change.to);
    }
    return {};
}

std::string summary(const std::vector<Change>& changes, std::size_t limit) {
    if (changes.empty()) return "no change";
    std::string out;
    for (std::size_t i = 0; i < changes.size() && i < limit; ++i)
        out += (i > 0 ? "; " : "") + to_string(changes[i]);
    if (changes.size() > limit) {
        out += "; and " + std::to_string(changes.size() - limit) + " more";
    }
    return out;
}

}  // namespace amba::table
