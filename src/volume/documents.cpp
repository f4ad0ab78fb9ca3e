// What the daemon writes for its next start and for its helpers: active.json and verdict.json.
#include <nlohmann/json.hpp>

#include "amba/core/bounded_json.hpp"
#include "amba/core/rfc3339.hpp"
#include "amba/log/wall_clock.hpp"
#include "amba/volume/volume.hpp"

namespace amba::volume {

using core::error;
using core::Result;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

constexpr const char* kCommandLine = "command_line";

constexpr const char* kJudged = "judged";

}  // namespace

Result<ActiveDocument> parse_active(std::string_view text) {
    auto document = table::parse_json(text, {kCommandLine, kJudged});
    if (!document) return error(document.error().to_string());
    ActiveDocument active;
    active.command_line = std::move(document->own[kCommandLine]);
    active.without_digest = !document->own.contains(kJudged);
    for (const std::string& digest : document->own[kJudged])
        active.judged = digest;
    active.table = std::move(document->table);
    active.revision = document->revision.value_or("");
    active.generation = document->generation.value_or(0);
    return active;
}

Result<std::optional<ActiveDocument>> read_active(const Paths& paths) {
    auto content = files::read_file(paths.active());
    if (!content) return content.error();
    if (!*content) return std::optional<ActiveDocument>();
    auto active = parse_active((*content)->bytes);
    if (!active) return error(paths.active() + " is damaged: " + active.error().reason);
    active->modified_ns = (*content)->mark.modified_ns;
    return std::optional<ActiveDocument>(std::move(*active));
}

std::string to_json(const ActiveDocument& active) {
    ordered_json out = table::document_json(active.table, {active.revision, active.generation});
    out[kCommandLine] = active.command_line;
    out[kJudged] = active.judged;
    return table::to_text(out);
}

Result<void> write_active(const Paths& paths, const ActiveDocument& active) {
    return files::write_file(paths.active(), to_json(active));
}

std::string to_json(const Verdict& verdict) {
    ordered_json out;
    out["revision"] = verdict.revision;
    if (!verdict.digest.empty()) out["sha256"] = verdict.digest;
    out["result"] = verdict.applied ? "applied" : "rejected";
    out["generation"] = verdict.generation;
    if (!verdict.applied) out["reason"] = verdict.reason;
    out["unresolved"] = verdict.unresolved;
    for (const Verdict::WaitingFrontend& one : verdict.waiting)
        out["waiting"].push_back({{"frontend", one.frontend}, {"until", one.until}});
    out["saved"] = verdict.saved;
    out["time"] = verdict.time;
    out["daemon"] = verdict.daemon;
    return table::to_text(out);
}

std::optional<Verdict> parse_verdict(std::string_view text) {
    const json root = core::parse_bounded(text);
    if (!root.is_object()) return std::nullopt;
    try {
        Verdict verdict;
        verdict.revision = root.at("revision").get<std::string>();
        verdict.digest = root.value("sha256", "");
        verdict.applied = root.at("result").get<std::string>() == "applied";
        verdict.generation = root.at("generation").get<std::uint64_t>();
        verdict.reason = root.value("reason", "");
        verdict.unresolved = root.value("unresolved", std::vector<std::string>());
        for (const json& one : root.value("waiting", json::array())) {
            verdict.waiting.push_back({one.at("frontend").get<std::string>(),
                                       one.at("until").get<std::vector<std::string>>()});
        }
        verdict.saved = root.value("saved", true);
        verdict.time = root.value("time", "");
        verdict.daemon = root.value("daemon", "");
        return verdict;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

std::string waiting_words(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names)
        all += (all.empty() ? "" : " or ") + name;
    return "keeps its old backends until " + (all.empty() ? "a name" : all) + " resolves";
}

std::string now_rfc3339() {
    return core::rfc3339(log::now_us());
}

}  // namespace amba::volume
