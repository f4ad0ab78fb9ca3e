// Makes a table the active one: all or nothing.
//
//   examine -> names -> compose -> bind what is new -> swap -> active.json
//
// Its pure steps (see draft.hpp) are done beside the loop when the table is large. One table at a
// time; Reload keeps the order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "amba/admin/server.hpp"
#include "amba/health/checks.hpp"
#include "amba/names/names.hpp"
#include "amba/net/offload.hpp"
#include "amba/proxy/proxy.hpp"
#include "amba/table/table.hpp"
#include "amba/volume/volume.hpp"
#include "daemon/draft.hpp"

namespace amba::daemon {

// The table that serves. Immutable: the writer of active.json reads it beside the loop.
struct ActiveTable {
    table::Table table;
    std::uint64_t generation = 0;
    std::string revision;
    std::int64_t since_us = 0;              // since 1970
    std::vector<names::BackendName> names;  // of its backends
    Named named;
};
using ActivePtr = std::shared_ptr<const ActiveTable>;

class Activate {
  public:
    // Empty reason: the table serves.
    using Done = std::function<void(const std::string& reason)>;

    Activate(boost::asio::io_context& loop, net::Offload& offload, names::Resolver& resolver,
             net::Deadlines& deadlines, net::Poller& poller, std::uint64_t seed,
             admin::Server& server, std::optional<core::Bind> own_admin);

    // A generation of 0 is the next one.
    void start(table::Table table, std::string revision, std::uint64_t generation, Done done);

    // What serves, as another process needs it to go on. Not while a table is on its way.
    struct Knowledge {
        std::vector<proxy::FrontendBackends> serving;
        Kept kept;
        std::vector<names::KnownName> names;
    };
    void tell(std::function<void(Knowledge)> told);
    // Before the first table: it goes on from there, as if it had served in this process.
    // `may_swap` is called when that table can serve; a reason that it returns refuses it.
    void go_on_with(Knowledge known, std::function<std::string()> may_swap);

    // Generations go on from this one.
    void continue_after(std::uint64_t generation) {
        last_generation_ = std::max(last_generation_, generation);
    }

    // No table is made active any more.
    void stop() { stopped_ = true; }

    const ActivePtr& active() const { return active_; }  // null before the first
    proxy::Proxy& proxy() { return proxy_; }
    std::vector<std::string> unresolved_names() const;
    // Frontends that go on with the backends that they had, each with the names that it waits for.
    struct WaitingFrontend {
        core::Bind bind;
        std::string name;
        std::vector<std::string> until;
    };
    std::vector<WaitingFrontend> waiting() const;

  private:
    using DraftPtr = std::shared_ptr<Draft>;
    proxy::Proxy::Callbacks what_it_tells();
    void watch(const core::Bind& bind, std::shared_ptr<const balance::Pool> pool);
    void beside(const DraftPtr& draft, void (*job)(Draft&), std::function<void()> done);
    void resolve(const DraftPtr& draft, Done done);
    void bind(const DraftPtr& draft, Done done);
    void swap(const DraftPtr& draft, proxy::PreparedTable prepared, Done done);
    void serves(const DraftPtr& draft);
    void refuse(const std::string& reason, const Done& done);
    void rebind_admin(const table::Table& table, std::string& reason);
    void name_changed(const std::string& key);
    void retarget(const table::Frontend& frontend);
    void keep_names();
    std::vector<std::string> awaited_names(const table::Frontend& frontend) const;
    std::string why_empty(const core::Bind& bind) const;
    void end_swapping();
    void say_swap(const Draft& draft) const;

    boost::asio::io_context& loop_;
    net::Offload& offload_;
    names::Names names_;
    health::Checks checks_;
    std::optional<net::Offload> passwords_;  // reads those of checks, once one has one
    // Large pools whose list of checks is being made. The pointers are compared, never followed.
    std::unordered_map<core::Bind, const balance::Pool*, core::BindHash> watched_;
    proxy::Proxy proxy_;
    admin::Server& server_;
    const std::optional<core::Bind> own_admin_;  // by flag or environment: survives every table
    const std::uint64_t seed_;
    std::optional<core::Bind> table_admin_bind_;
    bool table_admin_is_its_own_ = false;  // it is not the one of --admin or ADMIN
    ActivePtr active_;
    Kept kept_;                // of its frontends
    bool names_left_ = false;  // some are wanted no more

    std::vector<proxy::FrontendBackends> known_;  // of another process, until the first swap
    std::function<std::string()> may_swap_;

    names::Names::Own own_;
    std::uint64_t last_generation_ = 0;
    bool stopped_ = false;
    bool starting_ = false;        // a table is on its way
    bool swapping_ = false;        // and is being put together or put into place
    std::set<std::string> moved_;  // names with other addresses since the swap began
};

}  // namespace amba::daemon
