#include "amba/table/diff.hpp"

#include <unordered_map>

#include "table/settings.hpp"

namespace amba::table {

namespace {

std::string change(const std::string& from, const std::string& to) {
    return (from.empty() ? "unset" : from) + " -> " + (to.empty() ? "unset" : to);
}

void diff_backends(const Frontend& before, const Frontend& after, std::vector<std::string>& out) {
    const std::string at = "frontend " + after.name + ": backend ";
    std::unordered_map<std::string, const Backend*> old;
    for (const Backend& backend : before.backends)
        old.emplace(backend.to_string(), &backend);
    for (const Backend& backend : after.backends) {
        const std::string name = backend.to_string();
        const auto found = old.find(name);
        if (found == old.end()) {
            out.push_back(at + name + " added");
            continue;
        }
        const Backend& was = *found->second;
        old.erase(found);
        if (was == backend) continue;
        for (const BackendSetting& setting : backend_settings()) {
            const std::string from = setting.show(was);
            const std::string to = setting.show(backend);
            if (from == to) continue;
            out.push_back(at + name + " " + setting.key + " " + change(from, to));
        }
    }
    for (const Backend& backend : before.backends) {
        const auto gone = old.find(backend.to_string());
        if (gone == old.end()) continue;
        out.push_back(at + gone->first + " removed");
        old.erase(gone);
    }
}

void diff_frontend(const Frontend& before, const Frontend& after, std::vector<std::string>& out) {
    const std::size_t known = out.size();
    for (const FrontendSetting& setting : frontend_settings()) {
        const std::string from = setting.show(before);
        const std::string to = setting.show(after);
        if (from == to) continue;
        out.push_back("frontend " + after.name + ": " + setting.key + " " + change(from, to));
    }
    diff_backends(before, after, out);
    if (out.size() == known) out.push_back("frontend " + after.name + ": backends reordered");
}

}  // namespace

std::vector<std::string> diff(const Table& before, const Table& after) {
    std::vector<std::string> out;
    std::unordered_map<std::string, const Frontend*> old;
    for (const Frontend& frontend : before.frontends) {
        old.emplace(frontend.bind.to_string(), &frontend);
    }
    for (const Frontend& frontend : after.frontends) {
        const auto found = old.find(frontend.bind.to_string());
        if (found == old.end()) {
            out.push_back("frontend " + frontend.bind.to_string() + " added with " +
                          std::to_string(frontend.backends.size()) + " backend" +
                          (frontend.backends.size() == 1 ? "" : "s"));
            continue;
        }
        if (!(*found->second == frontend)) diff_frontend(*found->second, frontend, out);
        old.erase(found);
    }
    for (const Frontend& frontend : before.frontends) {
        if (old.contains(frontend.bind.to_string())) {
            out.push_back("frontend " + frontend.bind.to_string() + " removed");
        }
    }
    if (before.admin != after.admin) {
        out.push_back("admin " + (after.admin ? after.admin->to_string() : std::string("off")));
    }
    return out;
}

std::string summary(const std::vector<std::string>& changes, std::size_t limit) {
    if (changes.empty()) return "no change";
    std::string out;
    for (std::size_t i = 0; i < changes.size() && i < limit; ++i) {
        if (i > 0) out += "; ";
        out += changes[i];
    }
    if (changes.size() > limit) {
        out += "; and " + std::to_string(changes.size() - limit) + " more";
    }
    return out;
}

}  // namespace amba::table
