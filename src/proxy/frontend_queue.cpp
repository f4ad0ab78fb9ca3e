// The queue of a frontend: connections that wait for a backend, by their arrival.
//
// It is served in turns of its own, when something has changed, and then as a whole: between two
// turns nobody in it could be served, so that who comes then takes what is free without overtaking
// anybody. Those that have tried nobody in vain are alike: when one of them finds nobody, none
// does.
#include <algorithm>
#include <utility>

#include "amba/log/log.hpp"
#include "proxy/frontend.hpp"

namespace amba::proxy {

namespace {

bool came_before(const Session& a, const Session& b) {
    return a.accepted() < b.accepted();
}

}  // namespace

void Frontend::enqueue(Session& session, bool first) {
    static_cast<SessionHook&>(session).unlink();
    Sessions& queue = session.has_tried() ? tried_queue_ : queue_;
    // Most are the last to have come, and those that waited before are among the first.
    auto at = queue.end();
    if (!queue.empty() && came_before(session, queue.back())) {
        at = std::find_if(queue.begin(), queue.end(),
                          [&](const Session& other) { return came_before(session, other); });
    }
    queue.insert(at, session);
    ++queued_;
    if (first) ++queued_total_;
}

void Frontend::dequeue(Session& session) {
    static_cast<SessionHook&>(session).unlink();
    dialing_.push_back(session);
    --queued_;
}

void Frontend::serve_queue_soon(Due due) {
    if (!has_queue()) return;
    queue_due_ = std::max(queue_due_, due);
    shared_.poller.again(*this);
}

// A backend that some may have tried in vain serves again.
void Frontend::backend_returned(const balance::Backend& backend) {
    for (auto at = tried_queue_.begin(); at != tried_queue_.end();) {
        Session& session = *at++;
        session.forgive(backend);
    }
    serve_queue_soon(Due::kNews);
}

// Both queues as one, by arrival. One that goes on changes no other; it may come back, and then has
// had its turn.
void Frontend::serve_queue() {
    const Due due = std::exchange(queue_due_, Due::kNot);
    if (due == Due::kNot) return;
    auto fresh = queue_.begin();
    auto tried = tried_queue_.begin();
    bool nobody = false;  // is free for one that has tried nobody
    for (std::uint64_t turns = queued_; turns > 0; --turns) {
        const bool has_fresh = !nobody && fresh != queue_.end();
        if (!has_fresh && tried == tried_queue_.end()) return;
        const bool takes_fresh =
            has_fresh && (tried == tried_queue_.end() || !came_before(*tried, *fresh));
        Session& session = takes_fresh ? *fresh++ : *tried++;
        if (due == Due::kRoom && session.pauses()) continue;
        const bool went = session.leave_queue();
        if (!went && !session.has_tried()) nobody = true;
    }
}

void Frontend::left_waiting() {
    ++failed_;
    ++queue_timeouts_;
    if (!refusing_) refusing_ = !backends_.has_hope();
    if (std::exchange(said_waiting_, true)) return;
    log::warning("queue",
                 "frontend " + settings_.name + " resets connections that waited " +
                     core::to_string(settings_.queue_timeout) + " for a backend",
                 {settings_.name, ""});
}

}  // namespace amba::proxy
