// A word on the command line and a string in JSON are read by the same functions.
#include "table/setting_types.hpp"

#include <algorithm>
#include <charconv>

namespace amba::table {

namespace {

bool consists_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kAlphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

}  // namespace

Reason read_int(int& out, std::string_view text, int least, int most) {
    int value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size() || value < least ||
        value > most) {
        return "expected a whole number from " + std::to_string(least) + " to " +
               std::to_string(most);
    }
    out = value;
    return std::nullopt;
}

Reason read_bool(bool& out, std::string_view text) {
    if (text != "true" && text != "false") return "expected true or false";
    out = text == "true";
    return std::nullopt;
}

Reason read_duration(Duration& out, std::string_view text, Duration least) {
    const auto parsed = core::parse_duration(text);
    if (!parsed) return parsed.error().reason;
    if (*parsed < least) return "expected at least " + core::to_string(least);
    out = *parsed;
    return std::nullopt;
}

Reason read_removed(Removed& out, std::string_view text) {
    constexpr std::string_view kDrain = "drain:";
    if (text == "keep") {
        out = {};
    } else if (text == "close") {
        out = {Removed::Kind::kClose, Duration(0)};
    } else if (text.starts_with(kDrain)) {
        Removed parsed{Removed::Kind::kDrain, Duration(0)};
        if (auto reason = read_duration(parsed.drain, text.substr(kDrain.size()))) return reason;
        out = parsed;
    } else {
        return "expected keep, close or drain:DURATION such as drain:30s";
    }
    return std::nullopt;
}

std::string show_removed(const Removed& removed) {
    switch (removed.kind) {
        case Removed::Kind::kKeep: return "keep";
        case Removed::Kind::kClose: return "close";
        case Removed::Kind::kDrain: return "drain:" + core::to_string(removed.drain);
    }
    return {};
}

Reason read_hold(std::optional<Duration>& out, std::string_view text) {
    Duration time{};
    if (text != "keep" && read_duration(time, text)) return "expected keep or a duration, as 30s";
    out = text == "keep" ? std::nullopt : std::optional(time);
    return std::nullopt;
}

Reason read_name(std::string& out, std::string_view text) {
    constexpr std::string_view kAllowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:*[]";
    if (text.empty() || text.size() > 128 ||
        text.find_first_not_of(kAllowed) != std::string_view::npos) {
        return "expected 1 to 128 letters, digits, or any of -_.:*[]";
    }
    out = text;
    return std::nullopt;
}

// No character may end a line or a field of the protocol that the text becomes a part of.
Reason read_user(std::string& out, std::string_view text) {
    if (text.size() > 63 || !consists_of(text, std::string(kAlphanumeric) + "-_.@$")) {
        return "expected at most 63 letters, digits, or any of -_.@$";
    }
    out = text;
    return std::nullopt;
}

Reason read_file(std::string& out, std::string_view text) {
    const bool visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (text.size() > 1024 || !visible || (!text.empty() && !text.starts_with('/'))) {
        return "expected the path of a file, which begins with /, of at most 1024 ASCII characters";
    }
    out = text;
    return std::nullopt;
}

Reason read_host(std::string& out, std::string_view text) {
    if (text.size() > 255 || !consists_of(text, std::string(kAlphanumeric) + "-_.:[]")) {
        return "expected at most 255 letters, digits, or any of -_.:[]";
    }
    out = text;
    return std::nullopt;
}

Reason read_path(std::string& out, std::string_view text) {
    const bool visible =
        std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
    if (!text.starts_with('/') || text.size() > 1024 || !visible) {
        return "expected a path that begins with / and has at most 1024 visible ASCII characters";
    }
    out = text;
    return std::nullopt;
}

Reason read_expect(Check& out, std::string_view text) {
    const std::string_view least = text.substr(0, text.find('-'));
    const std::string_view most =
        least.size() == text.size() ? least : text.substr(least.size() + 1);
    int from = 0;
    int to = 0;
    if (least.size() != 3 || most.size() != 3 || read_int(from, least, 100, 599) ||
        read_int(to, most, 100, 599) || from > to) {
        return "expected a status code or a range of them, from 100 to 599, such as 200-399";
    }
    out.expect_least = from;
    out.expect_most = to;
    return std::nullopt;
}

std::string show_expect(const Check& check) {
    std::string out = std::to_string(check.expect_least);
    if (check.expect_most != check.expect_least) out += "-" + std::to_string(check.expect_most);
    return out;
}

std::string show_bool(bool value) {
    return value ? "true" : "false";
}

}  // namespace amba::table
