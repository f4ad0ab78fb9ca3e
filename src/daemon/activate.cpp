// The way of a table through the rooms, step by step, and what names do to it afterwards.
#include "daemon/activate.hpp"

#include <boost/asio/post.hpp>
#include <new>

#include "amba/log/log.hpp"
#include "amba/log/wall_clock.hpp"
#include "amba/net/tcp.hpp"
#include "daemon/give_back.hpp"
#include "daemon/plan.hpp"

namespace amba::daemon {

using namespace std::chrono_literals;

namespace {

// Names that are new may take this long before the table is swapped without them.
constexpr core::Duration kNamesTime = 1s;
// Lines of one kind in the log of a swap; the rest is told in one line.
constexpr std::size_t kLines = 20;

}  // namespace

Activate::Activate(boost::asio::io_context& loop, net::Offload& offload, names::Resolver& resolver,
                   net::Deadlines& deadlines, net::Poller& poller, std::uint64_t seed,
                   admin::Server& server, std::optional<core::Bind> own_admin) :
    loop_(loop),
    offload_(offload),
    names_(resolver, deadlines, [this](const std::string& key) { name_changed(key); }),
    checks_(
        poller, deadlines, seed,
        [this](const core::Bind& owner, balance::Backend& backend, bool healthy,
               const std::string& why) { proxy_.mark(owner, backend, healthy, why); },
        [this](std::function<void()> job, std::function<void()> done) {
            // Not by offload_: a disk that does not answer must not hold up a table.
            if (!passwords_) passwords_.emplace(loop_).go_beside();
            passwords_->run(std::move(job), std::move(done));
        }),
    proxy_(poller, deadlines, seed, what_it_tells()), server_(server), own_admin_(own_admin),
    seed_(seed) {
    proxy_.discard_beside([this](std::shared_ptr<void> what) {
        // This may be freed last of all that a swap needed, after the heap was given back with its
        // verdict: so the heap is given back once more.
        offload_.run(
            [what = std::move(what)]() mutable {
                what.reset();
                give_back_heap();
            },
            nullptr);
    });
}

proxy::Proxy::Callbacks Activate::what_it_tells() {
    proxy::Proxy::Callbacks told;
    told.connect_failed = [this](const balance::Member& member) {
        names_.hurry(member.origin, member.backend->endpoint);
        if (member.check) checks_.hurry(member.backend->endpoint);
    };
    told.pool_changed = [this](const core::Bind& bind, std::shared_ptr<const balance::Pool> pool) {
        watch(bind, std::move(pool));
    };
    told.why_empty = [this](const core::Bind& bind) {
        return why_empty(bind);
    };
    told.frontend_left = [this](const core::Bind& bind) {
        watched_.erase(bind);
        checks_.forget(bind);
    };
    return told;
}

// The list of a large pool is made beside the loop.
void Activate::watch(const core::Bind& bind, std::shared_ptr<const balance::Pool> pool) {
    const balance::Pool* const which = pool.get();
    const bool large = pool->members().size() > balance::Pool::kCarried;
    const auto list = std::make_shared<std::vector<health::CheckedBackend>>();
    auto make = [list, pool = std::move(pool)]() mutable {
        for (const balance::Member& member : pool->members()) {
            if (member.check) list->push_back({member.backend, member.check});
        }
        pool.reset();  // freed in this thread, should this be its last owner
    };
    watched_.erase(bind);
    if (!large) {
        make();
        return checks_.watch(bind, std::move(*list));
    }
    watched_[bind] = which;
    offload_.run(std::move(make), [this, bind, list, which] {
        const auto wanted = watched_.find(bind);
        if (wanted == watched_.end() || wanted->second != which) return;  // another has come since
        watched_.erase(wanted);
        checks_.watch(bind, std::move(*list));
    });
}

void Activate::beside(const DraftPtr& draft, void (*job)(Draft&), std::function<void()> done) {
    auto guarded = [draft, job] {
        try {
            job(*draft);
        } catch (const std::bad_alloc&) {
            draft->refusal = "the table needs more memory than there is";
        }
    };
    if (is_large(*draft)) return offload_.run(std::move(guarded), std::move(done));
    guarded();
    done();
}

void Activate::start(table::Table table, std::string revision, std::uint64_t generation,
                     Done done) {
    const auto draft = std::make_shared<Draft>();
    draft->table = std::move(table);
    draft->revision = std::move(revision);
    draft->generation = generation;
    draft->local = net::local_addresses();
    draft->own_admin = own_admin_;
    draft->seed = seed_;
    draft->before = active_ ? &active_->table : nullptr;
    draft->kept_before = &kept_;
    beside(draft, examine, [this, draft, done = std::move(done)]() mutable {
        if (!draft->refusal.empty()) return done(draft->refusal);
        resolve(draft, std::move(done));
    });
}

void Activate::resolve(const DraftPtr& draft, Done done) {
    starting_ = true;
    names_.prepare(draft->names, draft->own, kNamesTime, [this, draft, done = std::move(done)] {
        swapping_ = true;
        draft->addresses = names_.all_addresses();
        proxy_.known([this, draft, done](std::vector<proxy::FrontendBackends> known) {
            draft->known = std::move(known);
            draft->known.insert(draft->known.end(), known_.begin(), known_.end());
            // draft->before stays until the swap: nothing else replaces the active table.
            beside(draft, compose, [this, draft, done] { bind(draft, done); });
        });
    });
}

void Activate::bind(const DraftPtr& draft, Done done) {
    if (stopped_) return refuse("the ambassador is stopping", done);
    if (!draft->refusal.empty()) return refuse(draft->refusal, done);
    proxy_.prepare(std::move(draft->plans), [this, draft, done = std::move(done)](auto prepared) {
        std::string reason = prepared ? std::string() : prepared.error().reason;
        if (stopped_) reason = "the ambassador is stopping";
        if (reason.empty()) rebind_admin(draft->table, reason);
        if (reason.empty() && may_swap_) reason = std::exchange(may_swap_, nullptr)();
        if (!reason.empty()) return refuse(reason, done);
        swap(draft, std::move(*prepared), done);
    });
}

void Activate::refuse(const std::string& reason, const Done& done) {
    keep_names();  // back to those of the table that goes on
    end_swapping();
    done(reason);
}

void Activate::swap(const DraftPtr& draft, proxy::PreparedTable prepared, Done done) {
    proxy_.commit(std::move(prepared), [this, draft, done = std::move(done)] {
        serves(draft);
        done({});
    });
}

void Activate::serves(const DraftPtr& draft) {
    auto own_before = std::exchange(own_, draft->own);
    last_generation_ = draft->generation != 0 ? draft->generation : last_generation_ + 1;
    ActivePtr before = active_;
    active_ = std::make_shared<const ActiveTable>(
        ActiveTable{std::move(draft->table), last_generation_, draft->revision, log::now_us(),
                    std::move(draft->names), std::move(draft->named)});
    kept_ = std::move(draft->kept);
    known_.clear();
    keep_names();
    end_swapping();
    say_swap(*draft);
    // Freed beside the loop, when it is large.
    if (is_large(*draft)) {
        offload_.run(
            [before = std::move(before), own_before = std::move(own_before),
             rest = std::make_shared<Draft>(std::move(*draft))]() mutable {
                before.reset();
                own_before = nullptr;
                rest.reset();
            },
            nullptr);
    }
}

void Activate::tell(std::function<void(Knowledge)> told) {
    proxy_.known([this, told = std::move(told)](std::vector<proxy::FrontendBackends> serving) {
        told({std::move(serving), kept_, names_.known()});
    });
}

void Activate::go_on_with(Knowledge known, std::function<std::string()> may_swap) {
    known_ = std::move(known.serving);
    kept_ = std::move(known.kept);
    names_.go_on_with(std::move(known.names));
    may_swap_ = std::move(may_swap);
}

void Activate::say_swap(const Draft& draft) const {
    const auto say_each = [](const std::vector<std::string>& items, const auto& say) {
        for (std::size_t i = 0; i < items.size() && i < kLines; ++i)
            say(items[i]);
        if (items.size() > kLines) say(std::to_string(items.size() - kLines) + " more");
    };
    say_each(draft.added,
             [](const std::string& bind) { log::info("bind", "listening on " + bind); });
    say_each(draft.empty, [](const std::string& name) {
        log::warning("empty", "frontend " + name + " has no backend: its connections are reset");
    });
    std::vector<std::string> waits;
    for (const WaitingFrontend& one : waiting())
        waits.push_back("frontend " + one.name + " " + volume::waiting_words(one.until));
    say_each(waits, [](const std::string& what) { log::warning("unresolved", what); });
    log::info("applied", "generation " + std::to_string(active_->generation) + ", revision " +
                             active_->revision + ": " + draft.changes);
}

// The admin address of the table, where it changed. It is bound before anything is swapped. One
// that --admin or ADMIN serves already, for as long as the ambassador lives, is served once.
void Activate::rebind_admin(const table::Table& table, std::string& reason) {
    if (table.admin == table_admin_bind_) return;
    const bool served =
        table.admin && own_admin_ &&
        (table.admin == own_admin_ || (own_admin_->wide() && own_admin_->overlaps(*table.admin)));
    if (table.admin && !served && own_admin_ && own_admin_->overlaps(*table.admin)) {
        reason = "the admin address " + table.admin->to_string() + " overlaps " +
                 own_admin_->to_string() +
                 " of --admin or ADMIN; expected the same or another port";
        return;
    }
    if (table.admin && !served) {
        if (const auto bound = server_.listen_tcp(*table.admin); !bound) {
            reason = bound.error().reason;
            return;
        }
    }
    if (table_admin_bind_ && table_admin_is_its_own_) server_.stop_listening(*table_admin_bind_);
    table_admin_bind_ = table.admin;
    table_admin_is_its_own_ = !served;
}

void Activate::name_changed(const std::string& key) {
    if (!active_) return;
    if (swapping_) {
        moved_.insert(key);
        return;
    }
    const auto frontends = active_->named.find(key);
    if (frontends == active_->named.end()) return;
    for (const std::size_t i : frontends->second)
        retarget(active_->table.frontends[i]);
}

void Activate::retarget(const table::Frontend& frontend) {
    const auto addresses = [this](const names::BackendName& name) {
        return names_.addresses(name);
    };
    auto targets = targets_of(frontend, addresses, own_);
    const auto kept = kept_.find(frontend.bind);
    if (kept != kept_.end() && !daemon::serves(targets)) {
        targets = kept_targets(kept->second, addresses, own_);
    } else if (kept != kept_.end()) {
        log::info("resolved", "frontend " + frontend.name + ": its new backends take over");
        kept_.erase(kept);
        // Done in a later turn, for all names at once: Names is in the middle of telling this.
        if (!std::exchange(names_left_, true)) {
            boost::asio::post(loop_, [this] {
                if (names_left_ && !starting_) keep_names();
            });
        }
    }
    proxy_.retarget(frontend.bind, std::move(targets));
}

// Keeps the names of the table, and those of backends that are kept.
void Activate::keep_names() {
    names_left_ = false;
    std::vector<names::BackendName> names =
        active_ ? active_->names : std::vector<names::BackendName>();
    for (const auto& [bind, frontend] : kept_) {
        for (const auto& backend : frontend.backends) {
            if (!backend.literal()) names.push_back(name_of(frontend, backend));
        }
    }
    names_.keep_only(names, own_);
}

void Activate::end_swapping() {
    starting_ = false;
    swapping_ = false;
    const auto moved = std::exchange(moved_, {});
    for (const std::string& key : moved)
        name_changed(key);
}

std::vector<std::string> Activate::unresolved_names() const {
    return active_ ? unresolved(active_->names, names_) : std::vector<std::string>();
}

std::vector<std::string> Activate::awaited_names(const table::Frontend& frontend) const {
    std::vector<std::string> out;
    for (const names::BackendName& name :
         awaited(frontend, [this](const names::BackendName& one) { return names_.addresses(one); }))
        out.push_back(name.origin());
    return out;
}

std::vector<Activate::WaitingFrontend> Activate::waiting() const {
    std::vector<WaitingFrontend> out;
    if (kept_.empty() || !active_) return out;
    for (const auto& frontend : active_->table.frontends) {
        if (!kept_.contains(frontend.bind)) continue;
        out.push_back({frontend.bind, frontend.name, awaited_names(frontend)});
    }
    return out;
}

// Says why a frontend has no backend to use; empty: its table gives it none.
std::string Activate::why_empty(const core::Bind& bind) const {
    if (!active_) return {};
    const auto& frontends = active_->table.frontends;
    const auto at = std::find_if(frontends.begin(), frontends.end(),
                                 [&](const auto& frontend) { return frontend.bind == bind; });
    if (at == frontends.end()) return {};
    std::string out;
    for (const names::BackendName& name :
         awaited(*at, [this](const names::BackendName& one) { return names_.addresses(one); })) {
        out += (out.empty() ? "" : ", ") + name.origin() + " does not resolve: " + names_.why(name);
    }
    return out;
}

}  // namespace amba::daemon
