// The pure steps of a swap: who may be served, which names are asked for, what has changed.
#include "daemon/draft.hpp"

#include <algorithm>
#include <unordered_map>

#include "amba/table/diff.hpp"
#include "amba/table/validate.hpp"

namespace amba::daemon {

namespace {

// With fewer backends and frontends than this the work takes less than it costs to start a thread.
constexpr std::size_t kLarge = 500;

std::size_t size_of(const table::Table& table) {
    std::size_t size = table.frontends.size();
    for (const auto& frontend : table.frontends)
        size += frontend.backends.size();
    return size;
}

// Holds the table against the rules that need this host or this process; those of the table itself
// hold already.
std::string refuse(const Draft& draft) {
    if (const auto violation = table::reaches_itself(draft.table, draft.local)) {
        return violation->reason;
    }
    for (const auto& frontend : draft.table.frontends) {
        if (draft.own_admin && frontend.bind.overlaps(*draft.own_admin)) {
            return "frontend " + frontend.bind.to_string() + " overlaps the admin address " +
                   draft.own_admin->to_string() + " of this ambassador";
        }
    }
    return {};
}

}  // namespace

std::vector<names::ResolvedPlace> Draft::answer(const names::BackendName& name) const {
    const auto found = addresses.find({name.key(), name.hold});
    return found == addresses.end() ? std::vector<names::ResolvedPlace>() : found->second;
}

bool is_large(const Draft& draft) {
    return size_of(draft.table) + (draft.before ? size_of(*draft.before) : 0) > kLarge;
}

void examine(Draft& draft) {
    draft.refusal = refuse(draft);
    if (!draft.refusal.empty()) return;
    draft.names = names_of(draft.table);
    draft.own = own_of(draft.table, draft.local);
}

namespace {

void note_names(Draft& draft, const table::Frontend& frontend, std::size_t i) {
    for (const auto& backend : frontend.backends) {
        if (backend.literal()) continue;
        std::vector<std::size_t>& frontends = draft.named[name_of(frontend, backend).key()];
        if (frontends.empty() || frontends.back() != i) frontends.push_back(i);
    }
}

using ByBind = std::unordered_map<core::Bind, const table::Frontend*, core::BindHash>;

// The backends of a frontend: those of the table, or those that it had.
proxy::Plan plan(Draft& draft, std::size_t i, const ByBind& had) {
    const auto addresses = [&](const names::BackendName& name) {
        return draft.answer(name);
    };
    const auto& frontend = draft.table.frontends[i];
    proxy::Plan out{frontend, targets_of(frontend, addresses, draft.own), nullptr};
    note_names(draft, frontend, i);
    if (serves(out.targets) || awaited(frontend, addresses).empty()) return out;
    const table::Frontend* standing = nullptr;
    if (const auto before = had.find(frontend.bind); before != had.end()) standing = before->second;
    if (draft.kept_before != nullptr) {
        const auto kept = draft.kept_before->find(frontend.bind);
        if (kept != draft.kept_before->end()) standing = &kept->second;
    }
    if (standing == nullptr) return out;
    std::vector<proxy::Target> targets = kept_targets(*standing, addresses, draft.own);
    if (!serves(targets)) return out;
    out.targets = std::move(targets);
    note_names(draft, *standing, i);
    draft.kept.emplace(frontend.bind, *standing);
    return out;
}

}  // namespace

void compose(Draft& draft) {
    const table::Table none;
    const table::Table& before = draft.before != nullptr ? *draft.before : none;
    ByBind had;
    for (const auto& frontend : before.frontends)
        had.emplace(frontend.bind, &frontend);
    for (std::size_t i = 0; i < draft.table.frontends.size(); ++i)
        draft.plans.push_back(plan(draft, i, had));
    proxy::build(draft.plans, draft.known, draft.seed + std::hash<std::string>{}(draft.revision));
    draft.known.clear();
    draft.changes = table::summary(table::diff(before, draft.table));
    for (const auto& frontend : draft.table.frontends) {
        if (!had.contains(frontend.bind)) draft.added.push_back(frontend.bind.to_string());
        if (frontend.backends.empty()) draft.empty.push_back(frontend.name);
    }
}

}  // namespace amba::daemon
