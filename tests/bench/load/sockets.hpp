// TCP sockets for the load: non-blocking, TCP_NODELAY.
#pragma once

#include "traffic.hpp"

namespace bench {

int listen_at(const Place& place);
// Starts to connect, from one of many source addresses, so that ports in TIME_WAIT never run out.
// -1 with errno when that fails at once.
int connect_to(const Place& place);
int accept_from(int listener);  // -1 when nobody waits

}  // namespace bench
