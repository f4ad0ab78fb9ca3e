#include "app/activate.hpp"

#include "amba/log/log.hpp"
#include "amba/net/tcp.hpp"
#include "amba/table/diff.hpp"
#include "amba/table/validate.hpp"
#include "app/plan.hpp"

namespace amba::app {

using namespace std::chrono_literals;

namespace {

// Names that are new may take this long before the table is swapped without them.
constexpr core::Duration kNamesTime = 1s;

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words)
        out += (out.empty() ? "" : ", ") + word;
    return out;
}

}  // namespace

Activate::Activate(boost::asio::io_context& loop, net::Resolver& resolver,
                   net::Deadlines& deadlines, net::Poller& poller, admin::Server::Handler admin,
                   std::optional<core::Bind> own_admin) :
    loop_(loop),
    names_(resolver, deadlines, [this] { names_changed(); }),
    proxy_(poller, deadlines, [this](const std::string& origin) { names_.hurry(origin); }),
    admin_handler_(std::move(admin)), own_admin_(own_admin) {}

void Activate::start(table::Table table, std::string revision, std::uint64_t generation,
                     Done done) {
    if (std::string reason = refuse(table); !reason.empty()) return done(reason);
    coming_ = std::move(table);
    coming_revision_ = std::move(revision);
    coming_generation_ = generation;
    coming_own_ = own_of(coming_, net::local_addresses());
    names_.prepare(names_of(coming_), coming_own_, kNamesTime,
                   [this, done = std::move(done)] { names_ready(done); });
}

// Rules that need this host or this process; those of the table itself hold already.
std::string Activate::refuse(const table::Table& table) const {
    if (const auto violation = table::reaches_itself(table, net::local_addresses())) {
        return violation->reason;
    }
    for (const auto& frontend : table.frontends) {
        if (own_admin_ && frontend.bind.overlaps(*own_admin_)) {
            return "frontend " + frontend.bind.to_string() + " overlaps the admin address " +
                   own_admin_->to_string() + " of this ambassador";
        }
    }
    return {};
}

void Activate::names_ready(Done done) {
    auto prepared = proxy_.prepare(plans_of(coming_, names_, coming_own_));
    std::string reason = prepared ? std::string() : prepared.error().reason;
    if (reason.empty()) rebind_admin(coming_, reason);
    if (!reason.empty()) {
        // Back to the names of the table that goes on.
        names_.keep_only(active_ ? names_of(active_->table) : std::vector<net::Name>(), own_);
        return done(reason);
    }
    const std::uint64_t generation =
        coming_generation_ != 0 ? coming_generation_ : last_generation_ + 1;
    swap(generation, coming_revision_, std::move(*prepared));
    done({});
}

void Activate::swap(std::uint64_t generation, const std::string& revision,
                    proxy::Prepared prepared) {
    const ActivePtr before = active_;
    proxy_.commit(std::move(prepared));
    own_ = std::move(coming_own_);
    last_generation_ = generation;
    active_ = std::make_shared<const Active>(
        Active{std::move(coming_), generation, revision, volume::now_rfc3339()});
    names_.keep_only(names_of(active_->table), own_);
    say_swap(before ? before->table : table::Table{});
}

void Activate::say_swap(const table::Table& before) const {
    const auto changes = table::diff(before, active_->table);
    for (const auto& frontend : active_->table.frontends) {
        const bool had = std::any_of(before.frontends.begin(), before.frontends.end(),
                                     [&](const auto& f) { return f.bind == frontend.bind; });
        if (!had) log::info("bind", "listening on " + frontend.bind.to_string());
        if (frontend.backends.empty()) {
            log::warning("empty", "frontend " + frontend.name +
                                      " has no backend: its connections are reset");
        }
    }
    log::info("applied", "generation " + std::to_string(active_->generation) + ", revision " +
                             active_->revision + ": " + table::summary(changes));
    if (const auto missing = not_in_effect(active_->table); !missing.empty()) {
        log::warning("settings", "read but not in effect in this version: " + join(missing));
    }
}

// The admin address of the table, where it changed. It is bound before anything is swapped.
void Activate::rebind_admin(const table::Table& table, std::string& reason) {
    if (table.admin == table_admin_bind_) return;
    std::unique_ptr<admin::Server> next;
    if (table.admin) {
        next = std::make_unique<admin::Server>(loop_, admin_handler_);
        if (const auto bound = next->listen_tcp(*table.admin); !bound) {
            reason = bound.error().reason;
            return;
        }
    }
    table_admin_ = std::move(next);
    table_admin_bind_ = table.admin;
}

void Activate::names_changed() {
    if (!active_) return;
    for (const auto& frontend : active_->table.frontends) {
        const bool named = std::any_of(frontend.backends.begin(), frontend.backends.end(),
                                       [](const auto& backend) { return !backend.literal(); });
        if (named) proxy_.retarget(frontend.bind, targets_of(frontend, names_, own_));
    }
}

std::vector<std::string> Activate::unresolved_names() const {
    return active_ ? unresolved(active_->table, names_) : std::vector<std::string>();
}

}  // namespace amba::app
