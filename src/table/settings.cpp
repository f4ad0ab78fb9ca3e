// A row for each setting, in the order in which they are shown; what their types take is in
// setting_types.cpp.
#include "table/settings.hpp"

#include <array>

#include "table/setting_types.hpp"

namespace amba::table {

namespace {

constexpr auto kAlgorithms = [] {
    std::array<Word<Algorithm>, core::kAlgorithms.size()> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = {core::word(core::kAlgorithms[i]), core::kAlgorithms[i]};
    return out;
}();
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
     [](Frontend& f, std::string_view t) { return read_word(f.balance, t, kAlgorithms); },
     [](const Frontend& f) {
         return show_word(f.balance, kAlgorithms);
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
    {"check.password-file", "check", "password-file", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_file(f.check.password_file, t); },
     [](const Frontend& f) {
         return f.check.password_file;
     }},
    {"check.database", "check", "database", kString, kWord,
     [](Frontend& f, std::string_view t) { return read_user(f.check.database, t); },
     [](const Frontend& f) {
         return f.check.database;
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
