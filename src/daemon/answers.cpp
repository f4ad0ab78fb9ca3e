// Which page says what, and with which status.
#include "daemon/answers.hpp"

#include <charconv>
#include <chrono>

#include "amba/admin/metrics.hpp"
#include "amba/admin/page.hpp"
#include "amba/core/rfc3339.hpp"
#include "amba/core/version.hpp"
#include "amba/log/recorder.hpp"
#include "amba/log/wall_clock.hpp"
#include "amba/table/json.hpp"

namespace amba::daemon {

namespace {

// With this many frontends and backends a thread is worth its start.
constexpr std::size_t kLarge = 500;
constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr const char* kJson = "application/json";
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kPages = "/, /status, /metrics, /events, /config, /healthz, /readyz";

template <typename Frontends>
bool is_large(const Frontends& frontends) {
    std::size_t parts = frontends.size();
    for (const auto& frontend : frontends)
        parts += frontend.backends.size();
    return parts > kLarge;
}

std::string metrics_of(const admin::Status& status) {
    return admin::to_metrics(status, admin::look_at_process());
}

std::string json_of(const admin::Status& status) {
    return admin::to_json(status);
}

admin::Reply events(const admin::Request& request) {
    std::size_t limit = log::Recorder::kMost;
    const std::string wanted = request.parameter("limit");
    const char* const end = wanted.data() + wanted.size();
    const auto read = std::from_chars(wanted.data(), end, limit);
    if (!wanted.empty() && (read.ec != std::errc() || read.ptr != end)) {
        return {400, kPlain, "limit=" + wanted + ": expected a number of events\n"};
    }
    return {200, kJson, admin::to_json(log::last_events(limit))};
}

}  // namespace

Answers::Answers(Activate& activate, const Reload& reload, const OrphanWatch& orphan_watch,
                 boost::asio::io_context& loop, admin::Server& server, std::string daemon) :
    activate_(activate),
    reload_(reload), orphan_watch_(orphan_watch), large_(loop, server), daemon_(std::move(daemon)),
    started_us_(log::now_us()) {}

void Answers::handle(const admin::Request& request, admin::Server::Respond respond) {
    if (request.method != "GET" && request.method != "HEAD") {
        return respond({405, kPlain, "GET and HEAD alone\n"});
    }
    if (request.path == "/") return respond({200, kHtml, std::string(admin::page())});
    if (request.path == "/status") return tell(kJson, json_of, std::move(respond));
    if (request.path == "/metrics")
        return tell(admin::kMetricsType, metrics_of, std::move(respond));
    if (request.path == "/events") return respond(events(request));
    if (request.path == "/healthz") return respond(health(false));
    if (request.path == "/readyz") return respond(health(true));
    if (request.path == "/config") return config(std::move(respond));
    respond({404, kPlain, std::string("no such page; there are ") + kPages + "\n"});
}

Answers::StatusPtr Answers::status() const {
    auto status = std::make_shared<admin::Status>();
    status->now = core::Clock::now();
    status->now_us = log::now_us();
    status->started_us = started_us_;
    status->version = core::version();
    status->commit = core::commit();
    status->daemon = daemon_;
    status->stopping = stopping_;
    status->orphaned_us = orphan_watch_.since_us();
    status->log_lines_dropped = log::lines_dropped();
    status->tables_applied = reload_.applied();
    status->tables_rejected = reload_.rejected();
    if (const volume::Verdict* last = reload_.last(); last != nullptr && !last->applied) {
        status->rejected = {last->time, last->revision, last->reason};
    }
    if (const ActivePtr active = activate_.active()) {
        status->generation = active->generation;
        status->revision = active->revision;
        status->applied_us = active->since_us;
        status->table = {active, &active->table};
    }
    status->unresolved = activate_.unresolved_names();
    status->frontends = activate_.proxy().view();
    for (const Activate::WaitingFrontend& one : activate_.waiting()) {
        for (proxy::FrontendView& view : status->frontends) {
            if (view.bind == one.bind.to_string()) view.why = volume::waiting_words(one.until);
        }
    }
    return status;
}

// Large answers are written beside the loop, from one look for all who ask.
void Answers::tell(const char* type, Writer write, admin::Server::Respond respond) {
    const auto ask = [&] {
        large_.ask(
            type, type, [this, write] { return begin(status(), write); }, std::move(respond));
    };
    const ActivePtr active = activate_.active();
    if (active && is_large(active->table.frontends)) return ask();
    const StatusPtr made = status();
    // A few names may stand for many backends.
    if (is_large(made->frontends)) return ask();
    respond({200, type, begin(made, write)()});
}

LargeAnswers::Write Answers::begin(StatusPtr status, Writer write) const {
    return [status = std::move(status), write] {
        return write(*status);
    };
}

void Answers::config(admin::Server::Respond respond) {
    const auto begin = [this]() -> LargeAnswers::Write {
        return [active = activate_.active()] {
            return table::to_json(active->table, {active->revision, active->generation});
        };
    };
    const ActivePtr active = activate_.active();
    if (!active) return respond({404, kPlain, "no table yet\n"});
    if (is_large(active->table.frontends)) {
        return large_.ask("/config", kJson, begin, std::move(respond));
    }
    respond({200, kJson, begin()()});
}

admin::Reply Answers::health(bool ready) const {
    const auto bad = [](const std::string& why) {
        return admin::Reply{503, kPlain, why + "\n"};
    };
    if (stopping_ && ready) return bad("stopping");
    if (orphan_watch_.is_orphan()) return bad(OrphanWatch::kWhy);
    if (!activate_.active()) {
        return ready ? bad("no table yet") : admin::Reply{200, kPlain, "waiting\n"};
    }
    if (const auto deaf = activate_.proxy().not_listening()) {
        return bad("frontend " + *deaf + " does not listen");
    }
    if (const auto bare = activate_.proxy().without_backend(); ready && bare) {
        return bad("frontend " + *bare + " has no usable backend");
    }
    return {200, kPlain, ready ? "ready\n" : "ok\n"};
}

}  // namespace amba::daemon
