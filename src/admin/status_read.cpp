// A status document, read back.
#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "admin/text.hpp"
#include "amba/admin/status.hpp"
#include "amba/core/bounded_json.hpp"
#include "amba/core/rfc3339.hpp"

namespace amba::admin {

using nlohmann::json;

namespace {

// A member of another type than the one asked for is as good as missing.
const json* find(const json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto at = object.find(key);
    return at == object.end() ? nullptr : &*at;
}

std::string text(const json& object, const char* key) {
    const json* value = find(object, key);
    const auto* string = value == nullptr ? nullptr : value->get_ptr<const std::string*>();
    return string == nullptr ? "" : printable(*string);
}

std::optional<std::uint64_t> number_if(const json& object, const char* key) {
    const json* value = find(object, key);
    if (value == nullptr) return {};
    const auto* number = value->get_ptr<const json::number_unsigned_t*>();
    if (number == nullptr) return {};
    return *number;
}

std::uint64_t number(const json& object, const char* key, std::uint64_t otherwise = 0) {
    return number_if(object, key).value_or(otherwise);
}

template <class Number>
Number narrow(std::uint64_t number) {
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
    return static_cast<Number>(std::min(number, kMost));
}

std::optional<std::uint32_t> rate(const json& object, const char* key) {
    const auto number = number_if(object, key);
    if (!number) return {};
    return narrow<std::uint32_t>(*number);
}

double real(const json& object, const char* key) {
    const json* value = find(object, key);
    if (value == nullptr || !value->is_number()) return 0;
    const auto got = value->get<double>();
    return std::isfinite(got) ? got : 0;
}

bool flag(const json& object, const char* key) {
    const json* value = find(object, key);
    return value != nullptr && value->is_boolean() && value->get<bool>();
}

// Microseconds since 1970; 0: it is not told.
std::int64_t moment(const json& object, const char* key) {
    return core::parse_rfc3339(text(object, key)).value_or(0);
}

const json& list(const json& object, const char* key) {
    static const json none = json::array();
    const json* value = find(object, key);
    return value != nullptr && value->is_array() ? *value : none;
}

template <class Value>
std::vector<Value> numbers(const json& object, const char* key) {
    std::vector<Value> out;
    for (const json& value : list(object, key)) {
        const bool fits =
            std::is_integral_v<Value> ? value.is_number_unsigned() : value.is_number();
        if (fits) out.push_back(value.get<Value>());
    }
    return out;
}

proxy::HistogramView histogram(const json& object, const char* key) {
    const json* from = find(object, key);
    if (from == nullptr) return {};
    return {numbers<double>(*from, "le"), numbers<std::uint64_t>(*from, "counts"),
            real(*from, "sum")};
}

// As a moment of this process's own clock, which has room for some centuries.
core::Time time_of(std::int64_t moment_us, const Status& status) {
    if (moment_us == 0 || status.now_us == 0) return {};
    constexpr std::int64_t kMost = std::int64_t{100 * 365} * 86'400 * 1'000'000;
    return status.now -
           std::chrono::microseconds(std::clamp(status.now_us - moment_us, -kMost, kMost));
}

proxy::BackendView read_backend(const json& from, const Status& status) {
    proxy::BackendView backend;
    backend.address = text(from, "address");
    backend.origin = text(from, "origin");
    backend.state = proxy::backend_state(text(from, "state"));
    backend.usable = find(from, "usable") == nullptr || flag(from, "usable");
    backend.why = text(from, "why");
    backend.since = time_of(moment(from, "since"), status);
    backend.backup = flag(from, "backup");
    backend.weight = narrow<int>(number(from, "weight"));
    backend.weight_percent = narrow<int>(number(from, "weight_percent", 100));
    backend.maxconn = narrow<std::uint32_t>(number(from, "maxconn"));
    backend.connections_current = number(from, "connections_current");
    backend.connections_total = number(from, "connections_total");
    backend.connections_failed = number(from, "connections_failed");
    backend.connections_rate = rate(from, "connections_rate");
    backend.resets_total = number(from, "resets_total");
    backend.downs_total = narrow<std::uint32_t>(number(from, "downs_total"));
    backend.bytes_up = number(from, "bytes_up");
    backend.bytes_down = number(from, "bytes_down");
    return backend;
}

void read_state(const json& from, proxy::FrontendView& frontend) {
    const std::string state = text(from, "state");
    frontend.listening = flag(from, "listening") || state == "listening";
    frontend.paused = flag(from, "paused") || state == "paused";
    frontend.at_maxconn = state == "at maxconn";
    frontend.leaving = state == "leaving";
}

proxy::FrontendView read_frontend(const json& from, const Status& status) {
    proxy::FrontendView frontend;
    frontend.name = text(from, "name");
    frontend.bind = text(from, "bind");
    read_state(from, frontend);
    frontend.why = text(from, "why");
    frontend.balance = text(from, "balance");
    frontend.maxconn = narrow<std::uint32_t>(number(from, "maxconn"));
    frontend.connections_current = number(from, "connections_current");
    frontend.connections_total = number(from, "connections_total");
    frontend.connections_failed = number(from, "connections_failed");
    frontend.connections_rate = rate(from, "connections_rate");
    frontend.queue_current = number(from, "queue_current");
    frontend.queue_total = number(from, "queue_total");
    frontend.queue_timeouts = number(from, "queue_timeouts");
    frontend.retries_total = number_if(from, "retries_total");
    frontend.hedges_total = number(from, "hedges_total");
    if (const json* ended = find(from, "ended"); ended != nullptr && ended->is_object()) {
        for (const auto& [letters, count] : ended->items())
            frontend.ended.push_back({printable(letters), number(*ended, letters.c_str())});
    }
    frontend.connect = histogram(from, "connect");
    frontend.session = histogram(from, "session");
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    for (const json& backend : list(from, "backends")) {
        frontend.backends.push_back(read_backend(backend, status));
        up += frontend.backends.back().bytes_up;
        down += frontend.backends.back().bytes_down;
    }
    frontend.bytes_up = number(from, "bytes_up", up);
    frontend.bytes_down = number(from, "bytes_down", down);
    return frontend;
}

}  // namespace

core::Result<Status> status_from_json(std::string_view document) {
    const json root = core::parse_bounded(document, {16, 100'000'000});
    if (root.is_discarded()) return core::error("the daemon's answer is not JSON");
    if (!number_if(root, "generation") || find(root, "frontends") == nullptr) {
        return core::error(
            "the daemon's answer is no status: it has no generation or no frontends");
    }
    Status status;
    status.now = core::Clock::now();
    status.now_us = moment(root, "now");
    status.started_us = moment(root, "started");
    status.version = text(root, "version");
    status.daemon = text(root, "daemon");
    status.generation = number(root, "generation");
    status.revision = text(root, "revision");
    status.applied_us = moment(root, "applied");
    status.tables_applied = number(root, "tables_applied");
    status.tables_rejected = number(root, "tables_rejected");
    if (const json* rejected = find(root, "rejected");
        rejected != nullptr && rejected->is_object()) {
        status.rejected = {text(*rejected, "time"), text(*rejected, "revision"),
                           text(*rejected, "reason")};
    }
    status.stopping = flag(root, "stopping");
    status.orphaned_us = moment(root, "orphaned");
    status.log_lines_dropped = number(root, "log_lines_dropped");
    for (const json& name : list(root, "unresolved")) {
        if (const auto* string = name.get_ptr<const std::string*>()) {
            status.unresolved.push_back(printable(*string));
        }
    }
    for (const json& frontend : list(root, "frontends"))
        status.frontends.push_back(read_frontend(frontend, status));
    return status;
}

}  // namespace amba::admin
