// Texts of the status as a terminal shows them: safe, cut to a width, coloured.
#include "admin/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "amba/core/rfc3339.hpp"
#include "amba/core/text.hpp"

namespace amba::admin {

namespace {

bool begins_a_point(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

const char* sequence(Tone tone) {
    switch (tone) {
        case Tone::kPlain: break;
        case Tone::kStrong: return "\x1b[1m";
        case Tone::kGood: return "\x1b[32m";
        case Tone::kWarning: return "\x1b[33m";
        case Tone::kBad: return "\x1b[31m";
        case Tone::kFaint: return "\x1b[2m";
    }
    return "";
}

std::string with(const char* format, double value) {
    std::array<char, 48> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const core::Point point = core::decode(text);
        const std::size_t bytes = std::max<std::size_t>(point.bytes, 1);
        if (point.bytes == 0 || core::drives_a_terminal(point.code)) {
            out += '?';
        } else {
            out += text.substr(0, bytes);
        }
        text.remove_prefix(bytes);
    }
    return out;
}

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_a_point));
}

std::size_t width(const Line& line) {
    std::size_t sum = 0;
    for (const Span& span : line)
        sum += width(span.text);
    return sum;
}

std::string cut(std::string_view text, std::size_t most) {
    std::size_t end = 0;
    for (; end < text.size(); ++end) {
        if (!begins_a_point(text[end])) continue;
        if (most == 0) break;
        --most;
    }
    return std::string(text.substr(0, end));
}

std::string clip(std::string_view text, std::size_t most, bool utf8) {
    if (width(text) <= most) return std::string(text);
    return most == 0 ? "" : cut(text, most - 1) + (utf8 ? "…" : "~");
}

std::string paint(const Line& line, std::size_t most, bool colour) {
    std::string out;
    for (const Span& span : line) {
        const std::string text = cut(span.text, most);
        if (most != kAnyWidth) most -= width(text);
        if (text.empty()) continue;
        const char* begin = colour ? sequence(span.tone) : "";
        out += begin + text;
        if (*begin != '\0') out += "\x1b[0m";
    }
    return out;
}

std::string bytes_words(double bytes) {
    constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    // The limit is that of the rounded figure: 999.6 kB would be written as 1000.
    while (bytes >= 999.5 && unit + 1 < std::size(kUnits)) {
        bytes /= 1000;
        ++unit;
    }
    const bool fraction = unit > 0 && bytes < 9.95;
    return with(fraction ? "%.1f " : "%.0f ", bytes) + kUnits[unit];
}

std::string rate_words(double rate) {
    if (rate > 0 && rate < 0.05) return "<0.1";
    return with(rate > 0 && rate < 9.95 ? "%.1f" : "%.0f", rate);
}

std::string age_words(core::Duration age) {
    const std::int64_t seconds = std::max<std::int64_t>(age.count(), 0) / 1000;
    if (seconds < 60) return std::to_string(seconds) + "s";
    if (seconds < 3600) return std::to_string(seconds / 60) + "m";
    if (seconds < 86400) return std::to_string(seconds / 3600) + "h";
    return std::to_string(seconds / 86400) + "d";
}

std::string time_words(std::int64_t us) {
    std::string text = core::rfc3339(us);
    text[10] = ' ';
    return text.substr(0, 19);
}

std::string sparkline(std::span<const float> values, bool utf8) {
    constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    constexpr const char* kSigns[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    constexpr int kSteps = 8;
    const float greatest = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
    std::string out;
    for (const float value : values) {
        if (!(value >= 0)) {
            out += ' ';
            continue;
        }
        // The lowest step is nothing alone, so that a little is seen beside a lot.
        int step = 0;
        if (value > 0) {
            step = std::clamp(1 + static_cast<int>(value / greatest * (kSteps - 1)), 1, kSteps - 1);
        }
        out += utf8 ? kBlocks[step] : kSigns[step];
    }
    return out;
}

}  // namespace amba::admin
