// What the begin and the end of a connection change for all others.
#include "proxy/shared.hpp"

#include "proxy/listener.hpp"

namespace amba::proxy {

void Shared::connection_began() {
    budget.add(net::Budget::Use::kConnections, kOfConnection);
    memory().take_one();
    ++sessions.total;
    idle_trim.began(++sessions.now);
}

void Shared::connection_ended() {
    budget.give_back(net::Budget::Use::kConnections, kOfConnection);
    idle_trim.ended(--sessions.now);
    for (Listener* listener : std::vector<Listener*>(paused))
        listener->resume();
}

}  // namespace amba::proxy
