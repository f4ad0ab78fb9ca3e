#include "proxy/ejections.hpp"

#include <algorithm>

#include "amba/log/log.hpp"
#include "proxy/frontend.hpp"

namespace amba::proxy {

using balance::Backend;
using namespace std::chrono_literals;

namespace {

// The first time, doubled with each that follows, up to the last.
constexpr core::Duration kFirst = 1s;
constexpr core::Duration kLast = 60s;

}  // namespace

void Ejections::failed(Backend& backend, std::uint32_t run, const char* why) {
    const Settings& settings = frontend_.settings();
    if (!settings.observe || backend.ejected || backend.down) return;
    const auto known = ejected_.find(&backend);
    // One that is back on trial is out again with its first failure.
    if (known == ejected_.end() && run < static_cast<std::uint32_t>(settings.error_limit)) return;
    if (frontend_.pool().find(backend.endpoint) == nullptr || !may_eject()) return;
    Ejected& entry = ejected_.try_emplace(&backend, *this, &backend).first->second;
    const core::Duration time = time_of(entry.times++);
    backend.ejected = true;
    ++out_;
    frontend_.note(backend);
    shared_.deadlines.set(entry, shared_.poller.now() + time);
    const std::string what = "left out for " + core::to_string(time) + " after " +
                             count_of(run, "failure") + " in a row: " + why;
    backend.turned(shared_.poller.now(), what);
    ++backend.downs;
    frontend_.say(log::Level::kWarning, "ejected", backend, " is " + what);
}

// The share of the pool that may be out, this one included.
bool Ejections::may_eject() const {
    const auto most = static_cast<std::size_t>(frontend_.settings().max_ejected);
    return (out_ + 1) * 100 <= frontend_.pool().usable() * most;
}

// With jitter: many ambassadors see a server fail at the same moment.
core::Duration Ejections::time_of(int times) {
    const core::Duration whole = std::min(kFirst * (1 << std::min(times, 6)), kLast);
    const auto part = static_cast<std::int64_t>(shared_.draw() % 41);  // 0.8 to 1.2 of it
    return whole * (80 + part) / 100;
}

void Ejections::over(Ejected& ejected) {
    Backend& backend = *ejected.backend;
    if (!backend.ejected) return;
    backend.ejected = false;
    --out_;
    const bool trusted = backend.state != balance::State::kUnhealthy;
    backend.turned(shared_.poller.now(), trusted ? "" : "on trial: its last connects failed");
    frontend_.say(log::Level::kInfo, "returned", backend, " takes connections again, on trial");
    frontend_.note(backend);
}

void Ejections::succeeded(Backend& backend) {
    const auto known = ejected_.find(&backend);
    if (known == ejected_.end()) return;
    // Tried all the same, when all are out: it is not that bad.
    over(known->second);
    ejected_.erase(known);
}

void Ejections::pool_replaced() {
    std::erase_if(ejected_, [this](const auto& item) {
        const Backend& backend = *item.first;
        const balance::Member* member = frontend_.pool().find(backend.endpoint);
        if (member != nullptr && member->backend == &backend) return false;
        if (backend.ejected) --out_;
        item.second.backend->ejected = false;
        return true;
    });
}

}  // namespace amba::proxy
