// The queue of a frontend: connections that wait for a backend, by their arrival.
//
// It is served in turns of its own, when something has changed, and then as a whole: between two
// turns no connection in it could be served, so that a new one takes what is free without
// overtaking any. Connections that have not tried a backend in vain are alike: when one of them
// finds no backend, none does.
#pragma once

#include <cstdint>
#include <vector>

#include "proxy/backends_observer.hpp"
#include "proxy/session.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

class WaitQueue final : public AvailabilityObserver {
  public:
    WaitQueue(const Settings& settings, BackendsObserver& observer) :
        settings_(settings), observer_(observer) {}

    // `first`: it has not waited before. After leave() it is in no list.
    void enter(Session& session, bool first);
    void leave(Session& session);

    bool empty() const { return fresh_.empty() && tried_.empty(); }
    // Some of them may be served in this turn, so that a new connection has to wait for it too.
    bool is_due() const { return due_ != Due::kNot && !empty(); }

    // Connections that wait for room are to be served.
    void room_made() override { serve_soon(Due::kRoom); }
    // All connections are to be served.
    void backends_changed() override { serve_soon(Due::kNews); }
    void backend_returned(const balance::Backend& backend) override;
    void serve();

    // A connection has waited to the end of its time.
    void timed_out();

    // All of them at this moment.
    std::vector<Session*> all();
    std::uint64_t size() const { return size_; }
    std::uint64_t total() const { return total_; }  // connections that had to wait, so far
    std::uint64_t timeouts() const { return timeouts_; }

  private:
    enum class Due : std::uint8_t { kNot, kRoom, kNews };
    void serve_soon(Due due);

    const Settings& settings_;
    BackendsObserver& observer_;
    Sessions fresh_;
    Sessions tried_;  // those that have tried a backend in vain
    std::uint64_t size_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t timeouts_ = 0;
    Due due_ = Due::kNot;  // what is to be looked at in the next turn
    bool said_timeout_ = false;
};

}  // namespace amba::proxy
