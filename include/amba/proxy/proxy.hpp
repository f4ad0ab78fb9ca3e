// The proxy: all frontends with their connections. The hot room.
//
// A swap has two steps, so that it happens as a whole or not at all: prepare() binds every address
// that is new and touches nothing else; commit() makes the prepared table the table and cannot
// fail. Of thousands of frontends some change in each turn of the loop, each as a whole.
// Established connections are never touched by either, save as `removed` says.
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
#include <optional>
#include <string>
#include <vector>

#include "amba/balance/pool.hpp"
#include "amba/core/bind.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/net/budget.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "amba/net/slices.hpp"
#include "amba/proxy/inherited_sockets.hpp"
#include "amba/proxy/view.hpp"

namespace amba::proxy {

using Settings = core::FrontendSettings;

// A backend of the table at one of its addresses.
struct Target {
    core::Endpoint endpoint;
    int weight = 1;
    bool backup = false;
    std::string origin;  // HOST:PORT as the table has it
    std::uint32_t maxconn = 0;
    core::Duration slowstart{0};
    std::shared_ptr<const core::Check> check;  // null: none
    bool leaving = false;  // its name no longer has it; its connections stay for a while
};

// A frontend as a new table has it. build() makes the pool of the targets.
struct Plan {
    Settings settings;
    std::vector<Target> targets;
    std::shared_ptr<balance::Pool> pool;
    std::shared_ptr<const FrontendView> counted = nullptr;  // see FrontendBackends
};

// The backends of a frontend that serves, in the table or leaving it.
struct FrontendBackends {
    core::Bind bind;
    std::shared_ptr<const balance::Pool> pool;
    std::vector<balance::BackendPtr> leaving;
    // Of a frontend that served in another process: its counters, which a new frontend goes on
    // from. Null: it serves in this one.
    std::shared_ptr<const FrontendView> counted = nullptr;
};

// Makes the pools of the plans. Backends that are known stay what they are, with their counters and
// connections. Any thread; `known` must be of the table that is replaced. New pools begin at
// another place for each `seed`; 0 at their first backend.
void build(std::vector<Plan>& plans, const std::vector<FrontendBackends>& known,
           std::uint64_t seed);

// A socket that holds an address, with the descriptor that is reserved for it.
struct ListeningSocket {
    net::Descriptor fd;
    net::Reservation reservation;

    explicit operator bool() const { return static_cast<bool>(fd); }
};

// A table whose addresses are all bound. Dropped without commit(), it gives them back.
struct PreparedTable {
    struct Item {
        Plan plan;
        ListeningSocket socket;  // empty: the frontend listens already
    };
    std::vector<Item> items;
};

class Shared;
class Frontend;

struct ConnectionCount {
    std::size_t now = 0;
    std::uint64_t total = 0;  // since the start
};

class Proxy {
  public:
    struct Callbacks {
        // A backend could not be connected to, or is slow to answer: its name may have moved, its
        // checks should look.
        std::function<void(const balance::Member&)> connect_failed;
        // A frontend has this pool now (told in a turn after the change), or is in no table any
        // more.
        std::function<void(const core::Bind&, std::shared_ptr<const balance::Pool>)> pool_changed;
        std::function<void(const core::Bind&)> frontend_left;
        // Why a frontend has no backend with a weight above 0; empty: its table gives it none.
        std::function<std::string(const core::Bind&)> why_empty;
    };

    Proxy(net::Poller& poller, net::Deadlines& deadlines, std::uint64_t seed, Callbacks told);
    ~Proxy();

    // Each calls `done` before it returns, or in a later turn of the loop when there is much to do;
    // until then none may be called again.
    void known(std::function<void(std::vector<FrontendBackends>)> done);
    // The plans have been through build().
    void prepare(std::vector<Plan> plans, std::function<void(core::Result<PreparedTable>)> done);
    void commit(PreparedTable prepared, std::function<void()> done);

    // One of so many connections gets a line in the log when it ends; 0: none.
    void log_connections(unsigned one_of);

    // Has `discard` free what is large, beside the loop; without it the loop frees it.
    void discard_beside(std::function<void(std::shared_ptr<void>)> discard);

    // New addresses for the frontend at `bind`, as its names have changed. Not during a commit.
    void retarget(const core::Bind& bind, std::vector<Target> targets);

    // What the checks of a backend of the frontend at `bind` say now, and why.
    void mark(const core::Bind& bind, balance::Backend& backend, bool healthy,
              const std::string& why);

    // Serves what is queued, then stops listening where `at` says so. Connections go on. A swap
    // under way is done first. True: some frontends listen still.
    bool stop_listening(const std::function<bool(const core::Bind&)>& at = [](const core::Bind&) {
        return true;
    });
    // Addresses that prepare() need not bind, as there is a socket for each of them already.
    InheritedSockets& inherited() { return inherited_; }
    // Calls `give` with each socket that listens, while no swap is under way.
    void list_sockets(const std::function<void(const core::Bind&, int fd)>& give) const;
    // Another process accepts from the sockets that it has been given: this one closes its own, and
    // what is queued is left to the other.
    void leave_sockets();
    // Resets every connection.
    void abort_all();
    // Resets those whose client has ended its side: of use where no backend can answer any more.
    void abort_left_by_client();

    ConnectionCount connections() const;
    // The name of a frontend that should listen and does not, or has no backend to use.
    std::optional<std::string> not_listening() const;
    std::optional<std::string> without_backend() const;
    // Calls `done` each time that the last connection has ended, and at once when there is none
    // now.
    void when_empty(std::function<void()> done);
    std::vector<FrontendView> view() const;

  private:
    struct BindJob;
    struct SwapJob;
    static FrontendBackends known(Frontend& frontend);
    bool bind_next(BindJob& binding, std::size_t i) const;
    void swap_next(SwapJob& swapping, std::size_t i);
    void retire_absent(std::shared_ptr<SwapJob> swapping);
    std::vector<int> holders_of(const core::Bind& bind) const;

    std::unique_ptr<Shared> shared_;
    std::vector<Frontend*> frontends_;  // in the order of the table; owned, freed by the poller
    InheritedSockets inherited_;
    const std::uint64_t seed_;
    net::Slices slices_;
};

}  // namespace amba::proxy
