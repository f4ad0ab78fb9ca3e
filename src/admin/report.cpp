// Out of the JSON of a daemon that may be older or newer: what is missing has a default.
#include "admin/report.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "amba/core/bounded_json.hpp"
#include "amba/core/rfc3339.hpp"

namespace amba::admin {

using nlohmann::json;

namespace {

// Of another type than asked for is as good as missing.
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

std::optional<double> rate(const json& object, const char* key) {
    const json* value = find(object, key);
    if (value == nullptr || !value->is_number()) return {};
    const auto got = value->get<double>();
    if (!std::isfinite(got) || got < 0) return {};
    return got;
}

bool flag(const json& object, const char* key) {
    const json* value = find(object, key);
    return value != nullptr && value->is_boolean() && value->get<bool>();
}

Moment moment(const json& object, const char* key) {
    return core::parse_rfc3339(text(object, key));
}

const json& list(const json& object, const char* key) {
    static const json none = json::array();
    const json* value = find(object, key);
    return value != nullptr && value->is_array() ? *value : none;
}

BackendReport read_backend(const json& from) {
    BackendReport backend;
    backend.address = text(from, "address");
    backend.origin = text(from, "origin");
    backend.state = text(from, "state");
    backend.why = text(from, "why");
    backend.since = moment(from, "since");
    backend.backup = flag(from, "backup");
    backend.weight = number(from, "weight");
    backend.weight_percent = number(from, "weight_percent", 100);
    backend.maxconn = number(from, "maxconn");
    backend.current = number(from, "connections_current");
    backend.total = number(from, "connections_total");
    backend.failed = number(from, "connections_failed");
    backend.rate = rate(from, "connections_rate");
    backend.bytes_up = number(from, "bytes_up");
    backend.bytes_down = number(from, "bytes_down");
    return backend;
}

std::string state_of(const json& frontend) {
    std::string state = text(frontend, "state");
    if (!state.empty()) return state;
    if (!flag(frontend, "listening")) return "closed";
    return flag(frontend, "paused") ? "paused" : "listening";
}

FrontendReport read_frontend(const json& from) {
    FrontendReport frontend;
    frontend.name = text(from, "name");
    frontend.bind = text(from, "bind");
    frontend.state = state_of(from);
    frontend.why = text(from, "why");
    frontend.maxconn = number(from, "maxconn");
    frontend.current = number(from, "connections_current");
    frontend.total = number(from, "connections_total");
    frontend.failed = number(from, "connections_failed");
    frontend.queue = number(from, "queue_current");
    frontend.retries = number_if(from, "retries_total");
    frontend.rate = rate(from, "connections_rate");
    std::uint64_t up = 0;
    std::uint64_t down = 0;
    for (const json& backend : list(from, "backends")) {
        frontend.backends.push_back(read_backend(backend));
        up += frontend.backends.back().bytes_up;
        down += frontend.backends.back().bytes_down;
    }
    frontend.bytes_up = number(from, "bytes_up", up);
    frontend.bytes_down = number(from, "bytes_down", down);
    return frontend;
}

}  // namespace

core::Result<Report> read_report(const std::string& document) {
    const json root = core::parse_bounded(document, {16, 100'000'000});
    if (root.is_discarded()) return core::error("the daemon's answer is not JSON");
    if (!number_if(root, "generation") || find(root, "frontends") == nullptr) {
        return core::error(
            "the daemon's answer is no status: it has no generation or no frontends");
    }
    Report report;
    report.version = text(root, "version");
    report.daemon = text(root, "daemon");
    report.generation = number(root, "generation");
    report.revision = text(root, "revision");
    report.started = moment(root, "started");
    report.now = moment(root, "now");
    report.applied = moment(root, "applied");
    report.stopping = flag(root, "stopping");
    if (const json* from = find(root, "rejected"); from != nullptr && from->is_object()) {
        report.rejected =
            Rejection{moment(*from, "time"), text(*from, "revision"), text(*from, "reason")};
    }
    for (const json& name : list(root, "unresolved")) {
        if (name.is_string()) report.unresolved.push_back(printable(name.get<std::string>()));
    }
    for (const json& frontend : list(root, "frontends"))
        report.frontends.push_back(read_frontend(frontend));
    return report;
}

}  // namespace amba::admin
