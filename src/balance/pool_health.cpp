// Which event may eject whom, and what the pool is to know of it.
#include "amba/balance/pool_health.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace amba::balance {

using namespace std::chrono_literals;

namespace {

// A backend that resets a connection so soon, before a byte, cannot serve.
constexpr core::Duration kAtOnce = 1s;

}  // namespace

PoolHealth::PoolHealth(std::shared_ptr<Pool> pool, const HealthRules& rules, std::uint64_t seed) :
    pool_(std::move(pool)), rules_(rules), random_(seed) {
    for (const Member& member : pool_->members()) {
        Backend& backend = *member.backend;
        backend.timed_ = false;
        watch_time(backend);
        ejected_ += backend.health_.ejected();
        downs_ += backend.health_.down();
        if (backend.timed_ || backend.health_.down()) pool_->note(backend);
    }
    if (downs_ > 0) forget_unchecked();
}

// Those that time changes no more leave the list when it is gone through.
void PoolHealth::watch_time(Backend& backend) {
    if (backend.health_.due() == core::Time::max()) return;
    if (!std::exchange(backend.timed_, true)) timed_.emplace_back(&backend);
}

// ---- events ----

HealthChange PoolHealth::take(Backend& backend, HealthChange change) {
    ejected_ += change.ejected;
    ejected_ -= change.returned;
    if (change.down) ++downs_;
    if (change.up && downs_ > 0) --downs_;
    if (change.share) pool_->note(backend);
    watch_time(backend);
    return change;
}

const Member* PoolHealth::member_of(const Backend& backend) const {
    const Member* member = pool_->find(backend.endpoint);
    return member != nullptr && member->backend == &backend ? member : nullptr;
}

EjectionTerms PoolHealth::terms(const Backend& backend) {
    const bool room =
        (ejected_ + 1) * 100 <= pool_->weighted() * static_cast<std::size_t>(rules_.max_ejected);
    if (!rules_.observe || !room || member_of(backend) == nullptr) return {};
    return {std::max(rules_.error_limit, 1U), draw(random_)};
}

HealthChange PoolHealth::connected(Backend& backend, core::Time now) {
    const HealthChange change = backend.health_.connected(now);
    return change.any() ? take(backend, change) : change;
}

HealthChange PoolHealth::connect_failed(Backend& backend, core::Time now, Fault fault,
                                        std::string_view why) {
    return take(backend, backend.health_.connect_failed(now, fault, why, terms(backend)));
}

HealthChange PoolHealth::outrun(Backend& backend, core::Time now) {
    return take(backend, backend.health_.outrun(now, terms(backend)));
}

HealthChange PoolHealth::reset(Backend& backend, core::Time now, bool silent) {
    if (!silent || now - backend.connected_at_ >= kAtOnce) return {};
    return take(backend, backend.health_.reset_at_once(now, terms(backend)));
}

HealthChange PoolHealth::reset_in_queue(Backend& backend, core::Time now) {
    backend.connected_at_ = now;
    return take(backend, backend.health_.reset_at_once(now, terms(backend)));
}

HealthChange PoolHealth::served(Backend& backend, core::Time now) {
    const HealthChange change = backend.health_.served(now);
    return change.any() ? take(backend, change) : change;
}

HealthChange PoolHealth::checked(Backend& backend, core::Time now, bool healthy,
                                 std::string_view why) {
    const Member* member = member_of(backend);
    if (member == nullptr) return {};
    return take(backend, backend.health_.checked(now, healthy, why, member->slowstart));
}

// ---- time ----

core::Time PoolHealth::due() const {
    core::Time first = core::Time::max();
    for (const BackendPtr& backend : timed_)
        first = std::min(first, backend->health().due());
    return first;
}

void PoolHealth::time_passed(core::Time now, std::vector<BackendChange>& changed) {
    for (const BackendPtr& backend : std::vector<BackendPtr>(timed_)) {
        if (backend->health().due() > now) continue;
        changed.push_back({backend, take(*backend, backend->health_.time_passed(now))});
    }
    std::erase_if(timed_, [](const BackendPtr& backend) {
        backend->timed_ = backend->health().due() != core::Time::max();
        return !backend->timed_;
    });
}

// ---- swaps ----

std::shared_ptr<Pool> PoolHealth::replace(std::shared_ptr<Pool> pool, core::Time now,
                                          std::vector<BackendChange>& changed) {
    pool->adopt(*pool_);
    std::swap(pool_, pool);
    for (const BackendPtr& backend : std::vector<BackendPtr>(timed_)) {
        if (backend->health().ejected() && member_of(*backend) == nullptr) {
            take(*backend, backend->health_.removed(now));
        }
    }
    if (pool_->has_slow_starts()) {
        for (const Member& member : pool_->members()) {
            if (member.slowstart <= 0ms || pool->find(member.backend->endpoint)) continue;
            Backend& backend = *member.backend;
            changed.push_back({member.backend,
                               take(backend, backend.health_.start_slowly(now, member.slowstart))});
        }
    }
    if (downs_ > 0) forget_unchecked();
    return_surplus(now, changed);
    return pool;
}

void PoolHealth::forget_unchecked() {
    downs_ = 0;
    for (const Member& member : pool_->members()) {
        Backend& backend = *member.backend;
        if (backend.health_.down() && !member.check) take(backend, backend.health_.unchecked());
        downs_ += backend.health_.down();
    }
}

HealthChange PoolHealth::came_back(Backend& backend, core::Time now) {
    const Member* member = member_of(backend);
    if (member == nullptr) return {};
    // It is trusted anew.
    HealthChange change = take(backend, backend.health_.removed(now));
    if (!member->check) change.share |= take(backend, backend.health_.unchecked()).share;
    return change;
}

void PoolHealth::return_surplus(core::Time now, std::vector<BackendChange>& changed) {
    const std::size_t most = pool_->weighted() * static_cast<std::size_t>(rules_.max_ejected) / 100;
    if (ejected_ <= most) return;
    std::vector<BackendPtr> ejected;
    std::copy_if(timed_.begin(), timed_.end(), std::back_inserter(ejected),
                 [](const BackendPtr& backend) { return backend->health().ejected(); });
    std::sort(ejected.begin(), ejected.end(), [](const BackendPtr& a, const BackendPtr& b) {
        return a->health().due() < b->health().due();
    });
    ejected.resize(ejected_ - most);
    for (const BackendPtr& backend : ejected)
        changed.push_back({backend, take(*backend, backend->health_.end_ejection(now))});
}

}  // namespace amba::balance
