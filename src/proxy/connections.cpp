// What is done to many connections at once.
#include "proxy/connections.hpp"

namespace amba::proxy {

std::vector<Session*> Connections::all() {
    std::vector<Session*> out;
    for (Sessions* list : {&dialing_, &served_}) {
        for (Session& session : *list)
            out.push_back(&session);
    }
    return out;
}

void Connections::leave(const BackendSet& backends) {
    std::vector<Session*> leaving = all();
    std::erase_if(leaving, [&](const Session* session) { return !session->uses(backends); });
    for (Session* session : leaving)
        session->leave(backends, core::EndedBy::kDown);
}

}  // namespace amba::proxy
