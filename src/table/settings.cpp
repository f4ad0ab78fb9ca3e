#include "table/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace amba::table {

namespace {

using Reason = std::optional<std::string>;

// Readers and writers of the types that settings have. A reader returns what was expected.

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

Reason read_duration(Duration& out, std::string_view text, Duration least = Duration(0)) {
    const auto parsed = core::parse_duration(text);
    if (!parsed) return parsed.error().reason;
    if (*parsed < least) return "expected at least " + core::to_string(least);
    out = *parsed;
    return std::nullopt;
}

template <class Enum>
struct Word {
    const char* text;
    Enum value;
};

template <class Enum, std::size_t N>
Reason read_word(Enum& out, std::string_view text, const std::array<Word<Enum>, N>& words) {
    std::string expected = "expected ";
    for (std::size_t i = 0; i < N; ++i) {
        if (text == words[i].text) {
            out = words[i].value;
            return std::nullopt;
        }
        expected += i == 0 ? "" : i + 1 == N ? " or " : ", ";
        expected += words[i].text;
    }
    return expected;
}

template <class Enum, std::size_t N>
std::string show_word(Enum value, const std::array<Word<Enum>, N>& words) {
    for (const auto& word : words) {
        if (word.value == value) return word.text;
    }
    return {};
}

constexpr std::array<Word<Policy>, 5> kPolicies{{{"roundrobin", Policy::kRoundRobin},
                                                 {"leastconn", Policy::kLeastConn},
                                                 {"random", Policy::kRandom},
                                                 {"source", Policy::kSource},
                                                 {"first", Policy::kFirst}}};
constexpr std::array<Word<Empty>, 2> kEmpty{{{"refuse", Empty::kRefuse}, {"hold", Empty::kHold}}};
constexpr std::array<Word<CheckType>, 6> kChecks{{{"tcp", CheckType::kTcp},
                                                  {"redis", CheckType::kRedis},
                                                  {"postgres", CheckType::kPostgres},
                                                  {"mysql", CheckType::kMysql},
                                                  {"http", CheckType::kHttp},
                                                  {"off", CheckType::kOff}}};
// The first word for a value is the one that is shown.
constexpr std::array<Word<CheckRole>, 3> kRoles{
    {{"any", CheckRole::kAny}, {"primary", CheckRole::kPrimary}, {"master", CheckRole::kPrimary}}};
constexpr std::array<Word<CheckMethod>, 3> kMethods{
    {{"GET", CheckMethod::kGet}, {"HEAD", CheckMethod::kHead}, {"OPTIONS", CheckMethod::kOptions}}};
constexpr std::array<Word<bool>, 2> kFamilies{{{"first", false}, {"both", true}}};
constexpr std::array<Word<bool>, 2> kHedge{{{"auto", true}, {"off", false}}};
constexpr std::array<Word<bool>, 2> kObserve{{{"layer4", true}, {"off", false}}};
constexpr std::array<Word<bool>, 2> kOnMarkedDown{{{"keep", false}, {"close", true}}};

constexpr int kMaxConnections = 1'000'000'000;

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

bool consists_of(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

constexpr std::string_view kAlphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

// Neither may end a line or a field of the protocol that it becomes a part of.
Reason read_user(std::string& out, std::string_view text) {
    if (text.size() > 63 || !consists_of(text, std::string(kAlphanumeric) + "-_.@$")) {
        return "expected at most 63 letters, digits, or any of -_.@$";
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

constexpr Duration kTick{1};
constexpr bool kWord = true;       // may stand on the command line
constexpr bool kJsonOnly = false;  // JSON alone
using enum JsonKind;

constexpr FrontendSetting kFrontend[] = {
    {"name", "", "name", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_name(f.name, t); },
     [](const Frontend& f) {
         return f.name;
     }},
    {"balance", "", "balance", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.balance, t, kPolicies); },
     [](const Frontend& f) {
         return show_word(f.balance, kPolicies);
     }},
    {"maxconn", "", "maxconn", kInteger, kWord,
     [](Frontend& f, std::string_view t) { return read_int(f.maxconn, t, 0, kMaxConnections); },
     [](const Frontend& f) {
         return std::to_string(f.maxconn);
     }},
    {"empty", "", "empty", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.empty, t, kEmpty); },
     [](const Frontend& f) {
         return show_word(f.empty, kEmpty);
     }},
    {"removed", "", "removed", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_removed(f.removed, t); },
     [](const Frontend& f) {
         return show_removed(f.removed);
     }},
    {"retries", "", "retries", kInteger, kWord,
     [](Frontend& f, std::string_view t) { return read_int(f.retries, t, 0, 100); },
     [](const Frontend& f) {
         return std::to_string(f.retries);
     }},
    {"resolve", "", "resolve", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.resolve, t, Duration(1000)); },
     [](const Frontend& f) {
         return core::to_string(f.resolve);
     }},
    {"hold", "", "hold", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_hold(f.hold, t); },
     [](const Frontend& f) {
         return f.hold ? core::to_string(*f.hold) : "keep";
     }},
    {"family", "", "family", kString, kJsonOnly,
     [](Frontend& f, std::string_view t) { return read_word(f.family_both, t, kFamilies); },
     [](const Frontend& f) {
         return show_word(f.family_both, kFamilies);
     }},
    {"hedge", "", "hedge", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.hedge, t, kHedge); },
     [](const Frontend& f) {
         return show_word(f.hedge, kHedge);
     }},
    {"observe", "", "observe", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.observe, t, kObserve); },
     [](const Frontend& f) {
         return show_word(f.observe, kObserve);
     }},
    {"error-limit", "", "error-limit", kInteger, kWord,
     [](Frontend& f, std::string_view t) { return read_int(f.error_limit, t, 1, 1000); },
     [](const Frontend& f) {
         return std::to_string(f.error_limit);
     }},
    {"max-ejected", "", "max-ejected", kInteger, kWord,
     [](Frontend& f, std::string_view t) { return read_int(f.max_ejected, t, 0, 100); },
     [](const Frontend& f) {
         return std::to_string(f.max_ejected);
     }},
    {"on-marked-down", "", "on-marked-down", kString, kWord,
     [](Frontend& f, std::string_view t) {
         return read_word(f.close_on_marked_down, t, kOnMarkedDown);
     },
     [](const Frontend& f) {
         return show_word(f.close_on_marked_down, kOnMarkedDown);
     }},
    {"check", "check", "type", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.check.type, t, kChecks); },
     [](const Frontend& f) {
         return show_word(f.check.type, kChecks);
     }},
    {"inter", "check", "inter", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.check.inter, t, kTick); },
     [](const Frontend& f) {
         return core::to_string(f.check.inter);
     }},
    {"fall", "check", "fall", kInteger, kWord,
     [](Frontend& f, std::string_view t) { return read_int(f.check.fall, t, 1, 100); },
     [](const Frontend& f) {
         return std::to_string(f.check.fall);
     }},
    {"rise", "check", "rise", kInteger, kWord,
     [](Frontend& f, std::string_view t) { return read_int(f.check.rise, t, 1, 100); },
     [](const Frontend& f) {
         return std::to_string(f.check.rise);
     }},
    {"check.timeout", "check", "timeout", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.check.timeout, t, kTick); },
     [](const Frontend& f) {
         return core::to_string(f.check.timeout);
     }},
    {"fastinter", "check", "fastinter", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.check.fastinter, t); },
     [](const Frontend& f) {
         return core::to_string(f.check.fastinter);
     }},
    {"downinter", "check", "downinter", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.check.downinter, t); },
     [](const Frontend& f) {
         return core::to_string(f.check.downinter);
     }},
    {"check.role", "check", "role", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.check.role, t, kRoles); },
     [](const Frontend& f) {
         return show_word(f.check.role, kRoles);
     }},
    {"check.user", "check", "user", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_user(f.check.user, t); },
     [](const Frontend& f) {
         return f.check.user;
     }},
    {"check.method", "check", "method", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_word(f.check.method, t, kMethods); },
     [](const Frontend& f) {
         return show_word(f.check.method, kMethods);
     }},
    {"check.path", "check", "path", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_path(f.check.path, t); },
     [](const Frontend& f) {
         return f.check.path;
     }},
    {"check.host", "check", "host", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_host(f.check.host, t); },
     [](const Frontend& f) {
         return f.check.host;
     }},
    {"check.expect", "check", "expect", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_expect(f.check, t); },
     [](const Frontend& f) {
         return show_expect(f.check);
     }},
    {"timeouts.connect", "timeouts", "connect", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.timeouts.connect, t, kTick); },
     [](const Frontend& f) {
         return core::to_string(f.timeouts.connect);
     }},
    {"timeouts.idle", "timeouts", "idle", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.timeouts.idle, t); },
     [](const Frontend& f) {
         return core::to_string(f.timeouts.idle);
     }},
    {"timeouts.queue", "timeouts", "queue", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_duration(f.timeouts.queue, t); },
     [](const Frontend& f) {
         return core::to_string(f.timeouts.queue);
     }},
};

constexpr BackendSetting kBackend[] = {
    {"weight", "", "weight", kInteger, kWord,
     [](Backend& b, std::string_view t) { return read_int(b.weight, t, 0, kMaxWeight); },
     [](const Backend& b) {
         return std::to_string(b.weight);
     }},
    {"backup", "", "backup", kBoolean, kWord,
     [](Backend& b, std::string_view t) { return read_bool(b.backup, t); },
     [](const Backend& b) {
         return show_bool(b.backup);
     }},
    {"maxconn", "", "maxconn", kInteger, kWord,
     [](Backend& b, std::string_view t) { return read_int(b.maxconn, t, 0, kMaxConnections); },
     [](const Backend& b) {
         return std::to_string(b.maxconn);
     }},
    {"check", "", "check", kString, kWord,
     [](Backend& b, std::string_view t) -> Reason {
         CheckType type{};
         if (auto reason = read_word(type, t, kChecks)) return reason;
         b.check = type;
         return std::nullopt;
     },
     [](const Backend& b) {
         return b.check ? show_word(*b.check, kChecks) : std::string();
     }},
    {"slowstart", "", "slowstart", kString, kWord,
     [](Backend& b, std::string_view t) { return read_duration(b.slowstart, t); },
     [](const Backend& b) {
         return core::to_string(b.slowstart);
     }},
};

}  // namespace

std::span<const FrontendSetting> frontend_settings() {
    return kFrontend;
}
std::span<const BackendSetting> backend_settings() {
    return kBackend;
}

}  // namespace amba::table
