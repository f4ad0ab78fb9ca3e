// The order in which connections that wait for a backend get one.
#include "proxy/wait_queue.hpp"

#include <algorithm>
#include <utility>

#include "amba/log/log.hpp"

namespace amba::proxy {

namespace {

bool came_before(const Session& a, const Session& b) {
    return a.accepted() < b.accepted();
}

}  // namespace

void WaitQueue::enter(Session& session, bool first) {
    static_cast<SessionHook&>(session).unlink();
    Sessions& queue = session.dialer().dialing().has_tried() ? tried_ : fresh_;
    // Most connections have come last, and belong at the end. One that waited before belongs among
    // the first: it is looked for from the front.
    auto at = queue.end();
    if (!queue.empty() && came_before(session, queue.back())) {
        at = std::find_if(queue.begin(), queue.end(),
                          [&](const Session& other) { return came_before(session, other); });
    }
    queue.insert(at, session);
    ++size_;
    if (first) ++total_;
}

void WaitQueue::leave(Session& session) {
    static_cast<SessionHook&>(session).unlink();
    --size_;
}

void WaitQueue::serve_soon(Due due) {
    if (empty()) return;
    due_ = std::max(due_, due);
    observer_.turn_is_due();
}

void WaitQueue::backend_returned(const balance::Backend& backend) {
    for (Session& session : tried_)
        session.dialer().dialing().forgive(backend);
    serve_soon(Due::kNews);
}

// Goes through both lists as one, by arrival. A connection that goes on changes no other; it may
// come back into the list, and has then had its turn.
void WaitQueue::serve() {
    const Due due = std::exchange(due_, Due::kNot);
    if (due == Due::kNot) return;
    auto fresh = fresh_.begin();
    auto tried = tried_.begin();
    bool none_free = false;  // for a connection that has tried none
    for (std::uint64_t turns = size_; turns > 0; --turns) {
        const bool has_fresh = !none_free && fresh != fresh_.end();
        if (!has_fresh && tried == tried_.end()) return;
        const bool takes_fresh =
            has_fresh && (tried == tried_.end() || !came_before(*tried, *fresh));
        Session& session = takes_fresh ? *fresh++ : *tried++;
        Dialer& dialer = session.dialer();
        if (due == Due::kRoom && dialer.dialing().pauses()) continue;
        const bool went = dialer.take_turn();
        if (!went && !dialer.dialing().has_tried()) none_free = true;
    }
}

std::vector<Session*> WaitQueue::all() {
    std::vector<Session*> out;
    for (Sessions* list : {&fresh_, &tried_}) {
        for (Session& session : *list)
            out.push_back(&session);
    }
    return out;
}

void WaitQueue::timed_out() {
    ++timeouts_;
    if (std::exchange(said_timeout_, true)) return;
    log::warning("queue",
                 "frontend " + settings_.name + " resets connections that waited " +
                     core::to_string(settings_.timeouts.queue) + " for a backend",
                 {settings_.name, ""});
}

}  // namespace amba::proxy
