// The rules between the parts of a table, each with the place that it names.
#include "amba/table/validate.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "table/binds.hpp"

namespace amba::table {

namespace {

// The key in which two settings of what should be one backend differ, or "".
const char* differs(const Backend& a, const Backend& b) {
    if (a.backup != b.backup) return "backup";
    if (a.maxconn != b.maxconn) return "maxconn";
    if (a.check != b.check) return "check";
    if (a.slowstart != b.slowstart) return "slowstart";
    return "";
}

std::optional<Violation> merge_backends(Frontend& frontend, int f) {
    std::unordered_map<std::string, std::size_t> first;
    std::vector<Backend> merged;
    merged.reserve(frontend.backends.size());
    for (std::size_t b = 0; b < frontend.backends.size(); ++b) {
        Backend& backend = frontend.backends[b];
        const auto [at, fresh] = first.try_emplace(backend.to_string(), merged.size());
        if (fresh) {
            merged.push_back(std::move(backend));
            continue;
        }
        Backend& kept = merged[at->second];
        if (const char* key = differs(kept, backend); *key != '\0') {
            return Violation{f, static_cast<int>(b), key,
                             "backend " + kept.to_string() + " is given twice with a different " +
                                 key + "; expected the same, or the backend once"};
        }
        kept.weight += backend.weight;
        if (kept.weight > kMaxWeight) {
            return Violation{f, static_cast<int>(b), "weight",
                             "backend " + kept.to_string() + " is given more than once and its " +
                                 "weights add up to " + std::to_string(kept.weight) +
                                 "; expected at most 256"};
        }
    }
    frontend.backends = std::move(merged);
    return std::nullopt;
}

std::optional<Violation> check_binds(const Table& table) {
    Binds binds;
    for (std::size_t f = 0; f < table.frontends.size(); ++f) {
        const Bind& bind = table.frontends[f].bind;
        if (const Bind* other = binds.overlapping(bind)) {
            return Violation{static_cast<int>(f), -1, "bind", overlap(bind, *other)};
        }
        binds.add(bind);
        if (table.admin && bind.overlaps(*table.admin)) {
            return Violation{static_cast<int>(f), -1, "bind",
                             "frontend " + bind.to_string() + " overlaps the admin address " +
                                 table.admin->to_string()};
        }
    }
    return std::nullopt;
}

std::optional<Violation> check_names(const Table& table) {
    std::set<std::string_view> names;
    for (std::size_t f = 0; f < table.frontends.size(); ++f) {
        const std::string& name = table.frontends[f].name;
        if (names.insert(name).second) continue;
        return Violation{
            static_cast<int>(f), -1, "name",
            "two frontends are named \"" + name + "\"; expected a name of its own for each"};
    }
    return std::nullopt;
}

}  // namespace

std::string overlap(const Bind& bind, const Bind& other) {
    return "frontend " + bind.to_string() + " overlaps frontend " + other.to_string() +
           "; expected addresses that differ";
}

std::optional<Violation> normalise(Table& table) {
    for (Frontend& frontend : table.frontends) {
        if (frontend.name.empty()) frontend.name = frontend.bind.to_string();
    }
    if (auto violation = check_binds(table)) return violation;
    if (auto violation = check_names(table)) return violation;
    if (auto violation = reaches_itself(table, {})) return violation;
    // This comes last because it moves backends: a violation names the place where the user wrote
    // it.
    for (std::size_t f = 0; f < table.frontends.size(); ++f) {
        if (auto violation = merge_backends(table.frontends[f], static_cast<int>(f))) {
            return violation;
        }
    }
    return std::nullopt;
}

std::optional<Violation> reaches_itself(const Table& table,
                                        const std::vector<core::Address>& local) {
    Binds binds;
    for (const Frontend& frontend : table.frontends)
        binds.add(frontend.bind);
    for (std::size_t f = 0; f < table.frontends.size(); ++f) {
        const auto& backends = table.frontends[f].backends;
        for (std::size_t b = 0; b < backends.size(); ++b) {
            const auto literal = backends[b].literal();
            if (!literal) continue;
            const Bind* bind = binds.receiving(*literal, local);
            if (bind == nullptr) continue;
            return Violation{static_cast<int>(f), static_cast<int>(b), "address",
                             "backend " + literal->to_string() + " is the frontend " +
                                 bind->to_string() +
                                 " of this table; expected the address of a server, not amba"};
        }
    }
    return std::nullopt;
}

}  // namespace amba::table
