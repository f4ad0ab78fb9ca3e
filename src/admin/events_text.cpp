// The flight recorder as lines of text.
#include <nlohmann/json.hpp>

#include "admin/text.hpp"
#include "amba/admin/status_text.hpp"
#include "amba/core/bounded_json.hpp"
#include "amba/core/rfc3339.hpp"

namespace amba::admin {

using nlohmann::json;

namespace {

std::string text(const json& event, const char* key) {
    const auto at = event.find(key);
    const auto* string = at == event.end() ? nullptr : at->get_ptr<const std::string*>();
    return string == nullptr ? "" : printable(*string);
}

// "2026-11-22 07:31:10", or what was there instead.
std::string time(const json& event, const char* key) {
    const std::string said = text(event, key);
    const auto moment = core::parse_rfc3339(said);
    return moment ? time_words(*moment) : said;
}

Tone tone_of(const std::string& level) {
    if (level == "error") return Tone::kBad;
    return level == "warning" ? Tone::kWarning : Tone::kPlain;
}

// " (3 times, last 07:31:10)"; with the date when it is another one.
std::string repeated(const json& event, const std::string& first) {
    const auto at = event.find("count");
    const auto* count = at == event.end() ? nullptr : at->get_ptr<const json::number_unsigned_t*>();
    if (count == nullptr || *count < 2) return "";
    std::string last = time(event, "last");
    constexpr std::size_t kDate = 11;  // with its space
    if (last.size() > kDate && first.substr(0, kDate) == last.substr(0, kDate)) {
        last.erase(0, kDate);
    }
    return " (" + std::to_string(*count) + " times" + (last.empty() ? "" : ", last " + last) + ")";
}

Line line_of(const json& event) {
    const std::string first = time(event, "time");
    const std::string level = text(event, "level");
    std::string where;
    for (const char* key : {"frontend", "backend", "ended"}) {
        const std::string word = text(event, key);
        if (!word.empty()) where += " " + word;
    }
    return {{first, Tone::kFaint},
            {" " + level, tone_of(level)},
            {" " + text(event, "event"), Tone::kStrong},
            {where + ": " + text(event, "message") + repeated(event, first)}};
}

}  // namespace

core::Result<std::string> events_to_text(const std::string& events_json, const TerminalLook& look) {
    const json root = core::parse_bounded(events_json, {16, 100'000'000});
    if (root.is_discarded()) return core::error("the daemon's answer is not JSON");
    const auto events = root.is_object() ? root.find("events") : root.end();
    if (!root.is_object() || events == root.end() || !events->is_array()) {
        return core::error("the daemon's answer has no events");
    }
    std::string out;
    for (const json& event : *events) {
        if (event.is_object()) out += paint(line_of(event), kAnyWidth, look.colour) + "\n";
    }
    return out;
}

}  // namespace amba::admin
