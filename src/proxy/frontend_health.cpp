// What a frontend makes of its backends: what connections and checks say of them.
#include <cerrno>
#include <cstring>
#include <utility>

#include "amba/log/log.hpp"
#include "proxy/frontend.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::Member;
using balance::State;
using enum log::Level;
using namespace std::chrono_literals;

namespace {

// Resets by backends in mid-stream are folded into one line per frontend and this time.
constexpr auto kResetLineEvery = 10s;
// A backend that resets a connection so soon, before a byte, cannot serve.
constexpr auto kAtOnce = 1s;

}  // namespace

std::string Frontend::describe(const Backend& backend) const {
    std::string text = "backend " + backend.endpoint.to_string();
    const Member* member = pool_->find(backend.endpoint);
    if (member != nullptr && member->origin != backend.endpoint.to_string()) {
        text += " (" + member->origin + ")";
    }
    return text + " of frontend " + settings_.name;
}

void Frontend::say(log::Level level, const char* event, const Backend& backend,
                   const std::string& what) const {
    log::write(level, event, describe(backend) + what,
               {settings_.name, backend.endpoint.to_string()});
}

void Frontend::note(Backend& backend) {
    pool_->note(backend);
    serve_queue_soon(Due::kNews);
}

// ---- what connections say ----

void Frontend::connected(Session& session, Backend& backend) {
    static_cast<SessionHook&>(session).unlink();
    established_.push_back(session);
    ++backend.connections_current;
    ++backend.connections_total;
    backend.connected_at = shared_.poller.now();
    backend.rate.add(backend.connected_at);
    said_empty_ = false;
    if (backend.failures > 0) {
        backend.failures = 0;
        ejections_.succeeded(backend);
        news_of(backend);
    }
    if (backend.state == State::kHealthy || backend.down) return;
    if (backend.state == State::kUnhealthy) say(kInfo, "up", backend, " answers again");
    backend.state = State::kHealthy;
    backend.turned(backend.connected_at, "");
}

void Frontend::connect_failed(Backend& backend, int error) {
    // A SYN is refused with ECONNREFUSED: this one was established, and reset before anybody
    // looked.
    if (error == ECONNRESET) {
        backend.connected_at = shared_.poller.now();
        ++backend.connections_failed;
        return backend_reset(backend, true);
    }
    const char* const why = error == 0 ? "no answer" : std::strerror(error);
    ++backend.connections_failed;
    ++backend.failures;
    slow(backend);
    if (std::exchange(backend.state, State::kUnhealthy) != State::kUnhealthy) {
        backend.turned(shared_.poller.now(), std::string("cannot be connected to: ") + why);
        ++backend.downs;
        say(kWarning, "down", backend, std::string(" cannot be connected to: ") + why);
    }
    ejections_.failed(backend, backend.failures, why);
}

void Frontend::slow(const Backend& backend) {
    const Member* member = pool_->find(backend.endpoint);
    if (member != nullptr && shared_.told.connect_failed) shared_.told.connect_failed(*member);
}

void Frontend::outrun(Backend& backend) {
    if (++backend.failures == 1) {
        say(kWarning, "slow", backend, ": no answer, another backend was faster");
    }
    ejections_.failed(backend, backend.failures, "no answer while another backend answers");
}

void Frontend::backend_reset(Backend& backend, bool silent) {
    const core::Time now = shared_.poller.now();
    ++backend.resets_total;
    if (silent && now - backend.connected_at < kAtOnce) {
        ejections_.failed(backend, ++backend.resets, "it resets connections at once");
    }
    ++resets_unlogged_;
    if (now < next_reset_line_) return;
    next_reset_line_ = now + kResetLineEvery;
    const std::string more = resets_unlogged_ > 1
                                 ? " (" + std::to_string(resets_unlogged_) + " since the last line)"
                                 : std::string();
    resets_unlogged_ = 0;
    say(kWarning, "reset", backend, " reset a connection in mid-stream" + more);
}

void Frontend::lost(Session& session, Backend& backend, bool silent) {
    static_cast<SessionHook&>(session).unlink();
    dialing_.push_back(session);
    --backend.connections_current;
    ++backend.connections_failed;
    backend_reset(backend, silent);
    released(backend);
}

// After immediate resets it takes a connection that got an answer: each had been established.
void Frontend::served_well(Backend& backend) {
    backend.resets = 0;
    ejections_.succeeded(backend);
}

// ---- what checks say ----

void Frontend::mark(Backend& backend, bool healthy, const std::string& why) {
    const Member* member = pool_->find(backend.endpoint);
    if (member == nullptr || member->backend != &backend) return;
    const State state = healthy ? State::kHealthy : State::kUnhealthy;
    if (std::exchange(backend.state, state) != state) {
        backend.turned(shared_.poller.now(), healthy ? "" : why);
        if (!healthy) ++backend.downs;
    }
    if (backend.down == !healthy) return;
    backend.down = !healthy;
    if (!healthy) {
        ++downs_;
    } else if (downs_ > 0) {
        --downs_;
    }
    if (healthy) {
        say(kInfo, "up", backend, " is up: " + why);
        backend.failures = backend.resets = 0;
        ejections_.succeeded(backend);
        ramps_.start(backend, member->slowstart);
    } else {
        const bool closed = settings_.close_on_marked_down && backend.users > 0;
        say(kWarning, "down", backend,
            " is down: " + why + "; " + count_of(backend.users, "connection") +
                (closed ? " closed" : " kept"));
    }
    note(backend);
    if (healthy) news_of(backend);
    if (!healthy && settings_.close_on_marked_down) close_connections({&backend});
}

void Frontend::pool_replaced(const balance::Pool* before) {
    ejections_.pool_replaced();
    // Never at the start of the process: all would be cold, and nobody warm beside them.
    if (before != nullptr && pool_->has_slow_starts()) {
        for (const Member& member : pool_->members()) {
            if (member.slowstart > 0ms && before->find(member.backend->endpoint) == nullptr) {
                ramps_.start(*member.backend, member.slowstart);
            }
        }
    }
    if (downs_ > 0) forget_downs();
    pool_is_new_ = true;
    serve_queue_soon(Due::kNews);
    shared_.poller.again(*this);
}

void Frontend::tell_pool() {
    if (retired_) return;  // whoever looks after it was told that it has left
    if (shared_.told.pool_changed) shared_.told.pool_changed(settings_.bind, pool_);
    for (auto at = dialing_.begin(); at != dialing_.end();)
        (at++)->pool_changed();
}

// Those that nobody checks any more: nobody would say that they are up again.
void Frontend::forget_downs() {
    downs_ = 0;
    for (const Member& member : pool_->members()) {
        Backend& backend = *member.backend;
        if (backend.down && !member.check) {
            backend.down = false;
            pool_->note(backend);
        }
        downs_ += backend.down;
    }
}

}  // namespace amba::proxy
