// A handover as text, and back. Times are told as microseconds from now, as two processes may count
// from other beginnings.
#include "daemon/handover.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <utility>

#include "amba/core/bounded_json.hpp"
#include "amba/table/json.hpp"
#include "amba/table/words.hpp"

namespace amba::daemon {

using core::Result;
using handover::Socket;
using handover::Texts;
using nlohmann::json;

namespace {

constexpr core::JsonBounds kBounds{16, 100'000'000};
constexpr std::array kKinds{"lock", "frontend", "admin", "socket", "hidden"};

json from_now(core::Time time, core::Time now) {
    if (time == core::Time::max() || time == core::Time{}) return nullptr;
    return std::chrono::duration_cast<std::chrono::microseconds>(time - now).count();
}

core::Time to_time(const json& us, core::Time now, core::Time otherwise) {
    if (us.is_null()) return otherwise;
    return now + std::chrono::microseconds(us.get<std::int64_t>());
}

json to_value(const core::Endpoint& endpoint) {
    return {endpoint.address.to_string(), endpoint.port};
}

core::Endpoint to_endpoint(const json& value) {
    const auto address = core::Address::parse(value.at(0).get<std::string>());
    if (!address) throw std::invalid_argument("no address: " + value.dump());
    return {*address, value.at(1).get<std::uint16_t>()};
}

core::Bind to_bind(const json& value) {
    const auto bind = table::parse_bind(value.get<std::string>());
    if (!bind) throw std::invalid_argument(bind.error().reason);
    return *bind;
}

// ---- backends ----

json to_value(const Handover::Backend& backend, core::Time now) {
    const balance::HealthRecord& health = backend.health;
    const balance::BackendCounters& counters = backend.counters;
    return {{"endpoint", to_value(backend.endpoint)},
            {"state", static_cast<unsigned>(health.state)},
            {"down", health.down},
            {"failures", health.failures},
            {"resets", health.resets},
            {"downs", health.downs},
            {"since", from_now(health.since, now)},
            {"why", health.why},
            {"ejections", health.ejections},
            {"returns", from_now(health.returns, now)},
            {"ramp_began", from_now(health.ramp_began, now)},
            {"ramp_ms", health.ramp_length.count()},
            {"connections_total", counters.connections_total},
            {"connections_failed", counters.connections_failed},
            {"resets_total", counters.resets_total},
            {"bytes_up", counters.bytes_up},
            {"bytes_down", counters.bytes_down}};
}

Handover::Backend to_backend(const json& value, core::Time now) {
    Handover::Backend out;
    out.endpoint = to_endpoint(value.at("endpoint"));
    balance::HealthRecord& health = out.health;
    health.state = static_cast<balance::State>(std::min(value.at("state").get<unsigned>(), 2U));
    health.down = value.at("down");
    health.failures = value.at("failures");
    health.resets = value.at("resets");
    health.downs = value.at("downs");
    health.since = to_time(value.at("since"), now, {});
    value.at("why").get_to(health.why);
    health.ejections = value.at("ejections");
    health.returns = to_time(value.at("returns"), now, core::Time::max());
    health.ramp_began = to_time(value.at("ramp_began"), now, {});
    health.ramp_length = core::Duration(value.at("ramp_ms").get<std::int64_t>());
    balance::BackendCounters& counters = out.counters;
    counters.connections_total = value.at("connections_total");
    counters.connections_failed = value.at("connections_failed");
    counters.resets_total = value.at("resets_total");
    counters.bytes_up = value.at("bytes_up");
    counters.bytes_down = value.at("bytes_down");
    return out;
}

json to_value(const Handover::Frontend& frontend, core::Time now) {
    json backends = json::array();
    for (const Handover::Backend& one : frontend.backends)
        backends.push_back(to_value(one, now));
    return {{"bind", frontend.bind.to_string()}, {"backends", std::move(backends)}};
}

// ---- names ----

json to_value(const names::KnownName& name) {
    json holds = json::array();
    for (const names::Hold& hold : name.holds)
        holds.push_back(hold ? json(hold->count()) : json(nullptr));
    json places = json::array();
    for (const names::ResolvedPlace& place : name.places)
        places.push_back({to_value(place.endpoint), place.weight, place.backup});
    return {{"host", name.name.host},
            {"port", name.name.port},
            {"service", name.name.service},
            {"both_families", name.name.both_families},
            {"resolve_ms", name.name.resolve.count()},
            {"holds_ms", std::move(holds)},
            {"places", std::move(places)},
            {"known_as", name.known_as},
            {"again_ms", name.again.count()}};
}

names::KnownName to_name(const json& value) {
    names::KnownName out;
    value.at("host").get_to(out.name.host);
    out.name.port = value.at("port");
    out.name.service = value.at("service");
    out.name.both_families = value.at("both_families");
    out.name.resolve = core::Duration(value.at("resolve_ms").get<std::int64_t>());
    for (const json& hold : value.at("holds_ms")) {
        out.holds.push_back(hold.is_null() ? names::Hold()
                                           : core::Duration(hold.get<std::int64_t>()));
    }
    if (!out.holds.empty()) out.name.hold = out.holds.front();
    for (const json& place : value.at("places"))
        out.places.push_back(
            {to_endpoint(place.at(0)), place.at(1).get<int>(), place.at(2).get<bool>()});
    std::sort(out.places.begin(), out.places.end());
    value.at("known_as").get_to(out.known_as);
    out.again = core::Duration(value.at("again_ms").get<std::int64_t>());
    return out;
}

// ---- all of it ----

std::string to_main(const Handover& handover, core::Time now) {
    json out{{"sockets", json::array()}, {"frontends", json::array()}, {"names", json::array()}};
    for (const Socket& one : handover.sockets)
        out["sockets"].push_back({kKinds.at(static_cast<std::size_t>(one.kind)), one.name});
    for (const Handover::Frontend& one : handover.frontends)
        out["frontends"].push_back(to_value(one, now));
    for (const names::KnownName& one : handover.names)
        out["names"].push_back(to_value(one));
    out["containers"] = handover.containers;
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

void from_main(const std::string& text, core::Time now, Handover& out) {
    const json main = core::parse_bounded(text, kBounds);
    if (!main.is_object()) throw std::invalid_argument("no JSON object");
    for (const json& one : main.at("sockets")) {
        const auto kind = std::find(kKinds.begin(), kKinds.end(), one.at(0).get<std::string>());
        if (kind == kKinds.end()) throw std::invalid_argument("no such socket: " + one.dump());
        out.sockets.push_back(
            {static_cast<Socket::Kind>(kind - kKinds.begin()), one.at(1).get<std::string>()});
    }
    for (const json& one : main.at("frontends")) {
        Handover::Frontend& frontend = out.frontends.emplace_back();
        frontend.bind = to_bind(one.at("bind"));
        for (const json& backend : one.at("backends"))
            frontend.backends.push_back(to_backend(backend, now));
    }
    for (const json& one : main.at("names"))
        out.names.push_back(to_name(one));
    main.at("containers").get_to(out.containers);
}

}  // namespace

Texts to_texts(const Handover& handover, core::Time now) {
    Texts out;
    out.main = to_main(handover, now);
    if (handover.active) out.active = volume::to_json(*handover.active);
    table::Table kept;
    for (const auto& [bind, frontend] : handover.kept)
        kept.frontends.push_back(frontend);
    if (!kept.frontends.empty()) out.kept = table::to_json(kept);
    out.status = admin::to_json(handover.status);
    return out;
}

Result<Handover> from_texts(const Texts& texts, core::Time now) {
    Handover out;
    try {
        from_main(texts.main, now, out);
    } catch (const std::exception& wrong) {
        return core::error(std::string("the handover: ") + wrong.what());
    }
    if (!texts.active.empty()) {
        auto active = volume::parse_active(texts.active);
        if (!active) return core::error("the table: " + active.error().reason);
        out.active = std::move(*active);
    }
    if (!texts.kept.empty()) {
        auto kept = table::parse_json(texts.kept);
        if (!kept) return core::error("the table that is kept: " + kept.error().to_string());
        for (auto& frontend : kept->table.frontends)
            out.kept.emplace(frontend.bind, std::move(frontend));
    }
    auto status = admin::status_from_json(texts.status);
    if (!status) return core::error("the status: " + status.error().reason);
    out.status = std::move(*status);
    return out;
}

std::vector<Handover::Frontend> record(const std::vector<proxy::FrontendBackends>& serving) {
    std::vector<Handover::Frontend> out;
    out.reserve(serving.size());
    for (const proxy::FrontendBackends& one : serving) {
        Handover::Frontend& frontend = out.emplace_back();
        frontend.bind = one.bind;
        for (const balance::Member& member : one.pool->members()) {
            const balance::Backend& backend = *member.backend;
            frontend.backends.push_back(
                {backend.endpoint, backend.health().record(), backend.counters});
        }
    }
    return out;
}

std::vector<proxy::FrontendBackends> revive(const Handover& handover, core::Time now) {
    std::unordered_map<std::string, std::shared_ptr<const proxy::FrontendView>> counted;
    for (proxy::FrontendView view : handover.status.frontends) {
        view.backends.clear();
        std::string bind = view.bind;
        counted.emplace(std::move(bind),
                        std::make_shared<const proxy::FrontendView>(std::move(view)));
    }
    std::vector<proxy::FrontendBackends> out;
    for (const Handover::Frontend& one : handover.frontends) {
        std::vector<balance::Member> members;
        for (const Handover::Backend& backend : one.backends) {
            balance::Member& member = members.emplace_back();
            member.backend =
                new balance::Backend(backend.endpoint, balance::BackendHealth(backend.health, now));
            member.backend->counters = backend.counters;
        }
        const auto at = counted.find(one.bind.to_string());
        out.push_back({one.bind,
                       std::make_shared<balance::Pool>(std::move(members)),
                       {},
                       at == counted.end() ? nullptr : at->second});
    }
    return out;
}

}  // namespace amba::daemon
