// The words and cells of status.
#include "admin/status_words.hpp"

#include <algorithm>

#include "amba/core/count_of.hpp"
#include "amba/core/rfc3339.hpp"

namespace amba::admin {

using core::count_of;
using proxy::BackendState;
using proxy::BackendView;
using proxy::FrontendView;

namespace {

constexpr std::size_t kRevision = 12;
constexpr std::size_t kNamesShown = 10;

// A moment since 1970 that is not told is 0.
std::string age(std::int64_t now_us, std::int64_t then_us) {
    return age_words(core::Duration((now_us - then_us) / 1000));
}

// " (3m ago)", as the daemon's own clock says.
std::string ago(const Status& status, std::int64_t then_us) {
    return status.now_us != 0 ? " (" + age(status.now_us, then_us) + " ago)" : "";
}

std::string short_revision(const std::string& revision) {
    return cut(revision, kRevision);
}

Line head(const Status& status) {
    std::string text = "amba";
    if (!status.version.empty()) text += " " + status.version;
    if (status.now_us != 0 && status.started_us != 0) {
        text += ", up " + age(status.now_us, status.started_us);
    };
    if (status.generation == 0) {
        return {{text + ": no table yet, waiting for one in the volume", Tone::kStrong}};
    }
    text += ", generation " + std::to_string(status.generation);
    if (status.applied_us != 0) {
        text += " since " + time_words(status.applied_us) + " UTC" + ago(status, status.applied_us);
    }
    if (!status.revision.empty()) text += ", revision " + short_revision(status.revision);
    return {{text, Tone::kStrong}};
}

std::string rejected_words(const Status& status) {
    const Status::Rejected& rejected = *status.rejected;
    std::string text = "rejected";
    if (!rejected.revision.empty()) text += ": revision " + short_revision(rejected.revision);
    if (const auto time = core::parse_rfc3339(rejected.time)) {
        text += " at " + time_words(*time) + " UTC" + ago(status, *time);
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
    return "drains " + count_of(connections, "connection");
}

}  // namespace

const char* state_word(const FrontendView& frontend) {
    if (frontend.leaving) return "leaving";
    if (frontend.paused) return "paused";
    if (frontend.at_maxconn) return "at maxconn";
    return frontend.listening ? "listening" : "closed";
}

std::vector<Line> summary(const Status& status) {
    std::vector<Line> lines{head(status)};
    if (status.stopping) {
        std::uint64_t left = 0;
        for (const FrontendView& frontend : status.frontends)
            left += frontend.connections_current;
        lines.push_back({{"stopping: " + drains(left), Tone::kWarning}});
    }
    if (status.orphaned_us != 0) {
        lines.push_back({{"orphaned: no network link since " + time_words(status.orphaned_us) +
                              " UTC" + ago(status, status.orphaned_us),
                          Tone::kBad}});
    }
    if (status.rejected) lines.push_back({{rejected_words(status), Tone::kBad}});
    if (!status.unresolved.empty()) {
        lines.push_back({{unresolved_words(status.unresolved), Tone::kWarning}});
    }
    return lines;
}

Span name_cell(const FrontendView& frontend) {
    if (frontend.name.empty() || frontend.name == frontend.bind) {
        return {frontend.bind, Tone::kStrong};
    }
    return {frontend.name + " " + frontend.bind, Tone::kStrong};
}

Span name_cell(const BackendView& backend) {
    std::string text = "  " + backend.address;
    if (!backend.origin.empty() && backend.origin != backend.address) text += " " + backend.origin;
    if (backend.backup) text += " backup";
    return {std::move(text)};
}

Span state_cell(const FrontendView& frontend) {
    Tone tone = Tone::kBad;
    if (frontend.listening) tone = Tone::kGood;
    if (frontend.paused || frontend.at_maxconn) tone = Tone::kWarning;
    if (frontend.leaving) tone = Tone::kFaint;
    return {state_word(frontend), tone};
}

Span state_cell(const BackendView& backend) {
    constexpr Tone kTones[] = {Tone::kPlain, Tone::kGood, Tone::kBad, Tone::kWarning, Tone::kFaint};
    return {proxy::word(backend.state), kTones[static_cast<std::size_t>(backend.state)]};
}

Span weight_cell(const BackendView& backend) {
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

Span age_cell(const Status& status, const BackendView& backend) {
    if (backend.since == core::Time{} || status.now_us == 0) return {};
    return {age_words(std::chrono::duration_cast<core::Duration>(status.now - backend.since))};
}

Span why_cell(const FrontendView& frontend) {
    if (frontend.leaving) return {drains(frontend.connections_current), Tone::kFaint};
    if (!frontend.why.empty()) return {frontend.why, Tone::kWarning};
    if (frontend.backends.empty()) return {"no backend", Tone::kWarning};
    return {};
}

Span why_cell(const BackendView& backend) {
    switch (backend.state) {
        case BackendState::kLeaving: return {drains(backend.connections_current), Tone::kFaint};
        case BackendState::kUnhealthy:
        case BackendState::kEjected: return {backend.why};
        default: return {};
    }
}

}  // namespace amba::admin
