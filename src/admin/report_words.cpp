// A report as people read it.
#include <algorithm>

#include "admin/report.hpp"

namespace amba::admin {

namespace {

constexpr std::size_t kRevision = 12;
constexpr std::size_t kNamesShown = 10;

std::string counted(std::uint64_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string age(std::int64_t now, std::int64_t then) {
    return age_words(core::Duration((now - then) / 1000));
}

// " (3m ago)", as the daemon's own clock says.
std::string ago(const Moment& now, const Moment& then) {
    return now && then ? " (" + age(*now, *then) + " ago)" : "";
}

std::string short_revision(const std::string& revision) {
    return cut(revision, kRevision);
}

Line head(const Report& report) {
    std::string text = "amba";
    if (!report.version.empty()) text += " " + report.version;
    if (report.now && report.started) text += ", up " + age(*report.now, *report.started);
    if (report.generation == 0) {
        return {{text + ": no table yet, waiting for one in the volume", Tone::kStrong}};
    }
    text += ", generation " + std::to_string(report.generation);
    if (report.applied) {
        text += " since " + time_words(*report.applied) + " UTC" + ago(report.now, report.applied);
    }
    if (!report.revision.empty()) text += ", revision " + short_revision(report.revision);
    return {{text, Tone::kStrong}};
}

std::string rejected_words(const Report& report) {
    const Rejection& rejected = *report.rejected;
    std::string text = "rejected";
    if (!rejected.revision.empty()) text += ": revision " + short_revision(rejected.revision);
    if (rejected.time) {
        text += " at " + time_words(*rejected.time) + " UTC" + ago(report.now, rejected.time);
    }
    return text + ": " + rejected.reason;
}

std::string unresolved_words(const std::vector<std::string>& names) {
    std::string text = "unresolved: ";
    for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kNamesShown) {
        text += " and " + std::to_string(names.size() - kNamesShown) + " more";
    }
    return text;
}

std::string drains(std::uint64_t connections) {
    return "drains " + counted(connections, "connection");
}

}  // namespace

std::vector<Line> summary(const Report& report) {
    std::vector<Line> lines{head(report)};
    if (report.stopping) {
        std::uint64_t left = 0;
        for (const FrontendReport& frontend : report.frontends)
            left += frontend.current;
        lines.push_back({{"stopping: " + drains(left), Tone::kWarning}});
    }
    if (report.rejected) lines.push_back({{rejected_words(report), Tone::kBad}});
    if (!report.unresolved.empty()) {
        lines.push_back({{unresolved_words(report.unresolved), Tone::kWarning}});
    }
    return lines;
}

Span name_cell(const FrontendReport& frontend) {
    if (frontend.name.empty() || frontend.name == frontend.bind) {
        return {frontend.bind, Tone::kStrong};
    }
    return {frontend.name + " " + frontend.bind, Tone::kStrong};
}

Span name_cell(const BackendReport& backend) {
    std::string text = "  " + backend.address;
    if (!backend.origin.empty() && backend.origin != backend.address) text += " " + backend.origin;
    if (backend.backup) text += " backup";
    return {std::move(text)};
}

Span state_cell(const std::string& state) {
    Tone tone = Tone::kPlain;
    if (state == "healthy" || state == "listening") tone = Tone::kGood;
    if (state == "unhealthy" || state == "closed") tone = Tone::kBad;
    if (state == "ejected" || state == "paused" || state == "at maxconn") tone = Tone::kWarning;
    if (state == "leaving") tone = Tone::kFaint;
    return {state, tone};
}

Span weight_cell(const BackendReport& backend) {
    std::string text = std::to_string(backend.weight);
    if (backend.weight_percent < 100) {
        text += " (" + std::to_string(backend.weight_percent) + "%)";
    }
    return {std::move(text)};
}

Span current_cell(std::uint64_t current, std::uint64_t maxconn) {
    std::string text = std::to_string(current);
    if (maxconn > 0) text += "/" + std::to_string(maxconn);
    return {std::move(text)};
}

Span age_cell(const Moment& now, const Moment& since) {
    return {now && since ? age(*now, *since) : ""};
}

Span why_cell(const FrontendReport& frontend) {
    if (frontend.state == "leaving") return {drains(frontend.current), Tone::kFaint};
    if (!frontend.why.empty()) return {frontend.why, Tone::kWarning};
    if (frontend.backends.empty()) return {"no backend", Tone::kWarning};
    return {};
}

Span why_cell(const BackendReport& backend) {
    if (backend.state == "leaving") return {drains(backend.current), Tone::kFaint};
    if (backend.state == "unhealthy" || backend.state == "ejected") return {backend.why};
    return {};
}

}  // namespace amba::admin
