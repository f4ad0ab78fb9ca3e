// The proxy: all frontends with their connections. The hot room.
//
// A swap has two steps, so that it happens as a whole or not at all: prepare() binds every address
// that is new and touches nothing else; commit() makes the prepared table the table, within one
// turn of the loop. Established connections are never touched by either, save as `removed` says.
//
// A connection's way:
//
//   kernel -> Frontend accepts -> Session
//               PICK    balance::Pool: the next candidate    (retries ask again, without the tried)
//               DIAL    net::connect_to: deadline per try and altogether
//               RELAY   two pumps, each one direction, half-close per direction
//               FINISH  the one exit: count, release, unlink
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "amba/proxy/view.hpp"

namespace amba::proxy {

// What becomes of established connections whose backend has left.
struct Removed {
    enum class Kind { kKeep, kDrain, kClose } kind = Kind::kKeep;
    core::Duration drain{0};  // kDrain: time until they are closed
};

struct Settings {
    std::string name;
    core::Bind bind;
    int retries = 3;                       // further tries after a failed connect
    core::Duration connect_timeout{5000};  // over all tries
    core::Duration idle_timeout{0};        // 0: none
    Removed removed;
};

// A backend of the table at one of its addresses.
struct Target {
    core::Endpoint endpoint;
    int weight = 1;
    bool backup = false;
    std::string origin;  // HOST:PORT as the table has it
};

struct Plan {
    Settings settings;
    std::vector<Target> targets;
};

// A table whose addresses are all bound. Dropped without commit(), it gives them back.
struct Prepared {
    struct Item {
        Plan plan;
        net::Descriptor listener;  // empty: the frontend listens already
    };
    std::vector<Item> items;
};

class Shared;
class Frontend;

class Proxy {
  public:
    // Told the origin of a backend that could not be connected to: its name may have moved.
    using ConnectFailed = std::function<void(const std::string& origin)>;

    Proxy(net::Poller& poller, net::Deadlines& deadlines, ConnectFailed connect_failed);
    ~Proxy();

    core::Result<Prepared> prepare(std::vector<Plan> plans);
    void commit(Prepared prepared);

    // New addresses for the frontend at `bind`, as its names have changed.
    void retarget(const core::Bind& bind, std::vector<Target> targets);

    // Serves what is queued, then stops listening everywhere. Connections go on.
    void stop_listening();
    // Resets every connection.
    void abort_all();

    std::size_t connections() const;
    bool all_listening() const;
    // Calls `done` once, when there is no connection left; at once when there is none now.
    void when_empty(std::function<void()> done);
    std::vector<FrontendView> view() const;

  private:
    Frontend* find(const core::Bind& bind) const;

    std::unique_ptr<Shared> shared_;
    std::vector<Frontend*> frontends_;  // in the order of the table; owned, freed by the poller
};

}  // namespace amba::proxy
