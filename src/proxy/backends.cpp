// What a frontend makes of its backends: what connections and checks say of them.
#include "proxy/backends.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace amba::proxy {

using balance::Backend;
using balance::HealthChange;
using balance::Member;

namespace {

balance::HealthRules rules_of(const Settings& settings) {
    return {settings.observe, static_cast<std::uint32_t>(settings.error_limit),
            settings.max_ejected};
}

const char* reason_of(int error) {
    return error == 0 ? "no answer" : std::strerror(error);
}

}  // namespace

Backends::Backends(const Settings& settings, Shared& shared, AvailabilityObserver& waiting,
                   BackendsObserver& observer, std::shared_ptr<balance::Pool> pool) :
    settings_(settings),
    shared_(shared), waiting_(waiting), observer_(observer), log_(settings),
    health_(std::move(pool), rules_of(settings), shared.draw()),
    departures_(settings, shared, health_, observer) {
    wait();  // backends that are known may be left out for a time
}

bool Backends::has_hope() const {
    const std::vector<Member>& members = pool().members();
    return std::any_of(members.begin(), members.end(), [](const Member& member) {
        const balance::BackendHealth& health = member.backend->health();
        return member.weight > 0 && health.usable() && health.state() != balance::State::kUnhealthy;
    });
}

// ---- what has changed, and who is told ----

void Backends::take(Backend& backend, const HealthChange& change, const std::string& why) {
    if (!change.any()) return;
    log_.changed(pool(), backend, change, why);
    if (change.share) {
        waiting_.backends_changed();
        wait();
    }
    if (change.news) waiting_.backend_returned(backend);
}

void Backends::take(const std::vector<balance::PoolHealth::BackendChange>& changed) {
    for (const auto& [backend, change] : changed)
        take(*backend, change);
}

// ---- time ----

void Backends::wait() {
    const core::Time due = health_.due();
    if (due == core::Time::max()) return clear();
    if (!armed() || when() != due) shared_.deadlines.set(*this, due);
}

void Backends::on_deadline() {
    shared_.poller.refresh_now();
    std::vector<balance::PoolHealth::BackendChange> changed;
    health_.time_passed(shared_.poller.now(), changed);
    take(changed);
    wait();
}

void Backends::lease_ended(Backend& backend) {
    if (backend.users() == 0) departures_.unused(backend);
    if (!pool().counts_load()) return;  // nobody waits for room
    health_.load_changed(backend);
    waiting_.room_made();
}

// ---- swaps ----

void Backends::replace(std::shared_ptr<balance::Pool> pool) {
    health_.set_rules(rules_of(settings_));
    std::vector<balance::PoolHealth::BackendChange> changed;
    auto before = health_.replace(std::move(pool), shared_.poller.now(), changed);
    take(changed);
    observer_.pool_replaced();
    departures_.pool_replaced(std::move(before));
}

// ---- what connections say ----

void Backends::connected(Backend& backend) {
    take(backend, health_.connected(backend, shared_.poller.now()));
}

void Backends::connect_failed(Backend& backend, int error, balance::Fault fault) {
    if (fault != balance::Fault::kBackend) return;
    const core::Time now = shared_.poller.now();
    ++backend.counters.connections_failed;
    // A SYN is refused with ECONNREFUSED: this one was established, and reset before anybody
    // looked.
    if (error == ECONNRESET) {
        ++backend.counters.resets_total;
        take(backend, health_.reset_in_queue(backend, now));
        return log_.reset(pool(), backend, now);
    }
    slow(backend);
    const char* const why = reason_of(error);
    take(backend, health_.connect_failed(backend, now, fault, why), why);
}

void Backends::slow(const Backend& backend) {
    const Member* member = pool().find(backend.endpoint);
    if (member != nullptr && shared_.told.connect_failed) shared_.told.connect_failed(*member);
}

void Backends::outrun(Backend& backend) {
    take(backend, health_.outrun(backend, shared_.poller.now()));
}

void Backends::reset(Backend& backend, bool silent) {
    const core::Time now = shared_.poller.now();
    ++backend.counters.resets_total;
    take(backend, health_.reset(backend, now, silent));
    log_.reset(pool(), backend, now);
}

void Backends::lost(balance::Lease lease, bool silent) {
    ++lease->counters.connections_failed;
    reset(*lease, silent);
}

void Backends::served(Backend& backend, ByteCounts bytes) {
    backend.counters.bytes_up += bytes.up;
    backend.counters.bytes_down += bytes.down;
    if (bytes.down > 0) take(backend, health_.served(backend, shared_.poller.now()));
}

void Backends::lacks(const Backend& backend, int error) {
    log_.lacks(backend, error, shared_.poller.now());
}

// ---- what checks say ----

void Backends::mark(Backend& backend, bool healthy, const std::string& why) {
    const HealthChange change = health_.checked(backend, shared_.poller.now(), healthy, why);
    take(backend, change, why);
    if (change.down && settings_.close_on_marked_down) observer_.close_connections({&backend});
}

}  // namespace amba::proxy
