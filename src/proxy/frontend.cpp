// A frontend as a whole: the table it is in, and the begin and the end of its connections.
#include "proxy/frontend.hpp"

#include <utility>

#include "amba/core/count_of.hpp"
#include "amba/log/log.hpp"
#include "proxy/told_ends.hpp"

namespace amba::proxy {

using core::count_of;
using core::EndedBy;
using core::Removed;

Frontend::Frontend(Shared& shared, Plan plan) :
    shared_(shared), settings_(std::move(plan.settings)),
    backends_(settings_, shared, queue_, *this, std::move(plan.pool)) {
    tallies_.go_on_from(std::move(plan.counted));
    shared_.frontends.add(*this);
    pool_replaced();
}

// ---- the table ----

void Frontend::update(Settings settings, std::shared_ptr<balance::Pool> pool) {
    // This changes first: otherwise the frontend, which is out of the table, would go if its last
    // connection ended meanwhile.
    if (std::exchange(retired_, false)) {
        shared_.frontends.take_back(*this);
        clear();  // a drain that was under way
    }
    settings_ = std::move(settings);
    backends_.replace(std::move(pool));
    listener_.settings_changed();
}

void Frontend::pool_replaced() {
    pool_is_new_ = true;
    if (refusing_) refusing_ = !backends_.has_hope();
    queue_.backends_changed();
    turn_is_due();
}

void Frontend::tell_pool() {
    if (retired_) return;  // its observers have been told that it has left
    if (shared_.told.pool_changed) {
        shared_.told.pool_changed(settings_.bind, backends_.shared_pool());
    }
    Sessions& dialing = connections_.dialing();
    for (auto at = dialing.begin(); at != dialing.end();)
        (at++)->dialer().pool_changed();
}

void Frontend::retire(Successor successor) {
    listener_.close(successor);
    if (shared_.told.frontend_left) shared_.told.frontend_left(settings_.bind);
    clear();
    retired_ = true;
    shared_.frontends.retire(*this);
    if (listener_.connections() > 0) {
        const std::string who = "frontend " + settings_.name + " left with " +
                                count_of(listener_.connections(), "connection");
        switch (settings_.removed.kind) {
            case Removed::Kind::kKeep: log::info("drain", who + ", kept until they end"); break;
            case Removed::Kind::kDrain:
                log::info("drain", who + ", closed in " + core::to_string(settings_.removed.drain));
                shared_.deadlines.set(*this, shared_.poller.now() + settings_.removed.drain);
                break;
            case Removed::Kind::kClose:
                log::info("drain", who + ", closed now");
                abort_all(EndedBy::kDown);
                break;
        }
    }
    turn_is_due();
}

void Frontend::on_deadline() {
    log::info("drain", "frontend " + settings_.name + ": time is up, " +
                           count_of(listener_.connections(), "connection") + " closed");
    abort_all(EndedBy::kDown);
}

void Frontend::stopped_listening() {
    if (retired_) turn_is_due();
}

void Frontend::end_if_empty() {
    if (!retired_ || listener_.connections() > 0 || !listener_.closed() || buried()) return;
    clear();
    shared_.frontends.remove(*this);
    shared_.poller.bury(*this);
}

// What follows from all that has changed since the last turn.
void Frontend::on_again() {
    if (backends_.departures().go_on()) turn_is_due();
    if (std::exchange(pool_is_new_, false)) tell_pool();
    queue_.serve();
    end_if_empty();
}

// ---- connections ----

void Frontend::accepted(net::Descriptor client) {
    auto* session = new Session(*this, shared_, std::move(client));
    connections_.dials(*session);
    tallies_.rate.add(shared_.poller.now());
    shared_.connection_began();
    session->start();
}

void Frontend::connected(Session& session) {
    connections_.is_served(session);
    refusing_ = false;
    backends_.connected(*session.backend());
}

void Frontend::refused(EndedBy by) {
    ++failed_;
    if (by == EndedBy::kResource || std::exchange(refusing_, true)) return;
    std::string why = "none of its backends could be connected to within " +
                      core::to_string(settings_.timeouts.connect);
    if (by == EndedBy::kProxy) {
        why = shared_.told.why_empty ? shared_.told.why_empty(settings_.bind) : "";
        if (why.empty()) why = "it has no backend with a weight above 0";
    }
    log::warning("refused", "frontend " + settings_.name + " resets connections: " + why);
}

void Frontend::timed_out() {
    ++failed_;
    queue_.timed_out();
    if (!refusing_) refusing_ = !backends_.has_hope();
}

void Frontend::ended(Session& session, core::Outcome outcome) {
    tallies_.ended(outcome, shared_.poller.now() - session.accepted());
    if (!outcome.normal() || session.line() != nullptr) {
        tell_end(session, outcome, settings_, shared_.poller.now());
    }
    if (session.waits()) {
        queue_.leave(session);
    } else {
        static_cast<SessionHook&>(session).unlink();
    }
    balance::Lease lease = session.take_lease();
    const ByteCounts bytes = session.bytes();
    tallies_.bytes_up += bytes.up;
    tallies_.bytes_down += bytes.down;
    if (lease.established()) backends_.served(*lease, bytes);
    lease.end();
    shared_.connection_ended();
    listener_.ended();
    if (shared_.session_ended) shared_.session_ended();
    if (retired_) turn_is_due();
}

// ---- many at once ----

void Frontend::close_connections(const BackendSet& backends) {
    connections_.leave(backends);
}

void Frontend::abort_all(EndedBy by, bool (*which)(const Session&)) {
    std::vector<Session*> all = connections_.all();
    for (Session* session : queue_.all())
        all.push_back(session);
    for (Session* session : all) {
        if (which == nullptr || which(*session)) session->abort(by);
    }
}

}  // namespace amba::proxy
