// What the backends of a frontend tell others. An observer may be in the middle of something when
// it is told: it only remembers what it was told, and acts in a turn of its own. Closing is the one
// exception.
#pragma once

#include <unordered_set>

#include "amba/balance/backend.hpp"

namespace amba::proxy {

// The pointers are compared, never followed.
using BackendSet = std::unordered_set<const balance::Backend*>;

// An observer that waits for a backend.
class AvailabilityObserver {
  public:
    // Some take more new connections than before, or fewer.
    virtual void backends_changed() = 0;
    // It can be connected to again: connections that tried it in vain may try it anew.
    virtual void backend_returned(const balance::Backend& backend) = 0;
    // A connection has ended where others may wait for room.
    virtual void room_made() = 0;

  protected:
    ~AvailabilityObserver() = default;
};

class BackendsObserver {
  public:
    virtual void pool_replaced() = 0;
    // Connections of these dial others, or are reset. Done at once.
    virtual void close_connections(const BackendSet& backends) = 0;
    // There is something to do in a turn of its own: Departures::go_on(), WaitQueue::serve().
    virtual void turn_is_due() = 0;

  protected:
    ~BackendsObserver() = default;
};

}  // namespace amba::proxy
