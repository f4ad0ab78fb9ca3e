// The connections of a frontend that do not wait in its queue: those that dial, and those that are
// served.
#pragma once

#include <vector>

#include "proxy/session.hpp"

namespace amba::proxy {

class Connections {
  public:
    void dials(Session& session) { move(session, dialing_); }
    void is_served(Session& session) { move(session, served_); }

    Sessions& dialing() { return dialing_; }
    const Sessions& served() const { return served_; }

    // All of them at this moment. A call to one session changes no other.
    std::vector<Session*> all();
    // Has the sessions that use one of these backends dial others, or resets them.
    void leave(const BackendSet& backends);

  private:
    static void move(Session& session, Sessions& list) {
        static_cast<SessionHook&>(session).unlink();
        list.push_back(session);
    }
    Sessions dialing_;
    Sessions served_;
};

}  // namespace amba::proxy
