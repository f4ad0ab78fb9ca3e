// The ambassador is asked first, because it alone knows what it has judged; its files answer for it
// where there is none.
#include "cli/standing.hpp"

#include <algorithm>
#include <unordered_map>

#include "amba/core/bounded_json.hpp"
#include "amba/table/json.hpp"
#include "cli/commands.hpp"

namespace amba::cli {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kAnswerTime = 5s;

// The active table by its ambassador; nothing when none answers.
std::optional<StandingTable> by_daemon(const volume::Paths& paths) {
    const auto answer = ask(paths, "GET", "/config", kAnswerTime);
    if (!answer) return std::nullopt;
    StandingTable standing;
    if (answer->status != 200) return standing;  // no table yet
    auto document = table::parse_json(answer->body);
    if (!document) return std::nullopt;
    standing.table = std::move(document->table);
    standing.generation = document->generation.value_or(0);
    return standing;
}

}  // namespace

StandingTable written_last(const volume::Paths& paths) {
    StandingTable standing;
    volume::ConfigState before;
    std::string revision;
    if (auto active = volume::read_active(paths); active && *active) {
        before.digest = (*active)->judged;
        revision = (*active)->revision;
        standing.table = std::move((*active)->table);
        standing.generation = (*active)->generation;
    }
    auto look = volume::look_at_config(paths, before);
    if (!look.wanted.table) return standing;
    const auto told = files::read_file(paths.verdict());
    const auto verdict = told && *told ? volume::parse_verdict((*told)->bytes) : std::nullopt;
    const bool rejected = verdict && verdict->digest == look.seen.digest && !verdict->applied;
    if (rejected || !volume::refused(look.wanted, standing.generation, revision).empty()) {
        return standing;
    }
    standing.table = std::move(*look.wanted.table);
    standing.pending = true;
    return standing;
}

StandingTable settle(const volume::Paths& paths, core::Duration time) {
    const auto answer = ask(paths, "POST", "/reload", time);
    if (!answer) return written_last(paths);
    const auto told = core::parse_bounded(answer->body);
    const auto generation = told.is_object() ? told.find("generation") : told.end();
    const auto saved = told.is_object() ? told.find("saved") : told.end();
    if (generation != told.end() && saved != told.end() && *saved == true) {
        // A large table is read from the file, and does not hold the ambassador up.
        auto active = volume::read_active(paths);
        if (active && *active && *generation == (*active)->generation) {
            return {std::move((*active)->table), (*active)->generation};
        }
    }
    auto standing = by_daemon(paths);
    return standing ? std::move(*standing) : written_last(paths);
}

StandingTable stands_now(const volume::Paths& paths) {
    auto standing = by_daemon(paths);
    return standing ? std::move(*standing) : written_last(paths);
}

bool in_effect(const volume::Paths& paths, const table::Table& update) {
    const StandingTable active = settle(paths, kAnswerTime);
    if (active.pending) return false;
    std::unordered_map<core::Bind, const table::Frontend*, core::BindHash> serving;
    for (const table::Frontend& frontend : active.table.frontends)
        serving.emplace(frontend.bind, &frontend);
    return std::all_of(update.frontends.begin(), update.frontends.end(), [&](const auto& wanted) {
        const auto found = serving.find(wanted.bind);
        return found != serving.end() && *found->second == wanted;
    });
}

table::Table merged(table::Table base, const table::Table& update) {
    for (const table::Frontend& frontend : update.frontends) {
        const auto at = std::find_if(base.frontends.begin(), base.frontends.end(),
                                     [&](const auto& f) { return f.bind == frontend.bind; });
        if (at == base.frontends.end())
            base.frontends.push_back(frontend);
        else
            *at = frontend;
    }
    if (update.admin) base.admin = update.admin;
    return base;
}

}  // namespace amba::cli
