#include "amba/proxy/proxy.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <unordered_set>

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

namespace {

// Descriptors that are not connections: the loop, signals, the lock, logs, the directory watch,
// names, HTTP, files being read and written.
constexpr std::size_t kReserved = 30;

std::size_t room_for_sessions(std::size_t listeners) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        return SIZE_MAX / 4;
    }
    const std::size_t used = kReserved + listeners;
    return limit.rlim_cur > used + 2 ? (limit.rlim_cur - used) / 2 : 1;
}

}  // namespace

Proxy::Proxy(net::Poller& poller, net::Deadlines& deadlines, ConnectFailed connect_failed) :
    shared_(std::make_unique<Shared>(poller, deadlines)) {
    shared_->connect_failed = std::move(connect_failed);
    shared_->max_sessions = room_for_sessions(0);
}

Proxy::~Proxy() {
    shared_->session_ended = nullptr;
    abort_all();
    for (Frontend* frontend : frontends_)
        frontend->retire();
    for (Frontend* frontend : std::unordered_set<Frontend*>(shared_->retired))
        frontend->close_now();
    abort_all();
}

std::vector<Known> Proxy::known() {
    std::vector<Known> out;
    out.reserve(shared_->frontends.size());
    for (const auto& [bind, frontend] : shared_->frontends)
        out.push_back(frontend->known());
    return out;
}

core::Result<Prepared> Proxy::prepare(std::vector<Plan> plans) {
    Prepared prepared;
    std::vector<int> shared_ports;
    const auto unshare = [&] {
        for (const int fd : shared_ports)
            net::share_port(fd, false);
    };
    for (Plan& plan : plans) {
        Prepared::Item item{std::move(plan), {}};
        const core::Bind& bind = item.plan.settings.bind;
        const Frontend* kept = find(bind);
        if (kept == nullptr || !kept->listening()) {
            // PORT and ADDR:PORT of one port, one leaving and one coming, must overlap for a
            // moment.
            const std::vector<int> holders = holders_of(bind);
            for (const int fd : holders)
                net::share_port(fd, true);
            shared_ports.insert(shared_ports.end(), holders.begin(), holders.end());
            const bool share = !holders.empty();
            auto listener = net::listen_on(bind, share);
            if (!listener) {
                unshare();
                return listener.error();
            }
            if (share) shared_ports.push_back(listener->get());
            item.listener = std::move(*listener);
        }
        prepared.items.push_back(std::move(item));
    }
    unshare();
    return prepared;
}

// Sockets of other frontends that listen where `bind` would.
std::vector<int> Proxy::holders_of(const core::Bind& bind) const {
    std::vector<int> out;
    for (const Frontend* frontend : overlapping(bind)) {
        const std::vector<int> sockets = frontend->sockets();
        out.insert(out.end(), sockets.begin(), sockets.end());
    }
    return out;
}

std::vector<Frontend*> Proxy::overlapping(const core::Bind& bind) const {
    std::vector<Frontend*> out;
    const auto add = [&](const auto& at) {
        if (at.second->settings().bind.overlaps(bind)) out.push_back(at.second);
    };
    if (bind.wide()) {
        std::for_each(shared_->frontends.begin(), shared_->frontends.end(), add);
    } else {
        const auto [from, to] = shared_->wide.equal_range(bind.endpoint.port);
        std::for_each(from, to, add);
        if (Frontend* same = find(bind)) out.push_back(same);
    }
    return out;
}

void Proxy::commit(Prepared prepared) {
    shared_->poller.refresh_now();
    std::vector<Frontend*> next;
    next.reserve(prepared.items.size());
    for (Prepared::Item& item : prepared.items) {
        Frontend* frontend = find(item.plan.settings.bind);
        if (frontend == nullptr) {
            frontend = new Frontend(*shared_, std::move(item.plan));
        } else {
            frontend->update(std::move(item.plan.settings), std::move(item.plan.pool));
        }
        if (item.listener) frontend->listen(std::move(item.listener));
        next.push_back(frontend);
    }
    shared_->max_sessions = room_for_sessions(next.size());
    const std::unordered_set<Frontend*> kept(next.begin(), next.end());
    std::vector<Frontend*> before = std::move(frontends_);
    frontends_ = std::move(next);
    for (Frontend* frontend : before) {
        if (kept.contains(frontend)) continue;
        const std::vector<Frontend*> heirs = overlapping(frontend->settings().bind);
        frontend->retire(std::any_of(heirs.begin(), heirs.end(),
                                     [&](Frontend* heir) { return kept.contains(heir); }));
    }
}

void Proxy::discard_beside(std::function<void(std::shared_ptr<void>)> discard) {
    shared_->discard_beside = std::move(discard);
}

void Proxy::retarget(const core::Bind& bind, std::vector<Target> targets) {
    Frontend* frontend = find(bind);
    if (frontend == nullptr) return;
    std::vector<Plan> plans;
    plans.push_back({frontend->settings(), std::move(targets), nullptr});
    build(plans, {frontend->known()}, shared_->poller.rounds());
    frontend->replace_pool(std::move(plans.front().pool));
}

// In the table, or out of it with connections left.
Frontend* Proxy::find(const core::Bind& bind) const {
    const auto found = shared_->frontends.find(bind);
    return found == shared_->frontends.end() ? nullptr : found->second;
}

void Proxy::stop_listening() {
    for (Frontend* frontend : frontends_)
        frontend->close_listener();
}

void Proxy::abort_all() {
    std::vector<Frontend*> all = frontends_;
    all.insert(all.end(), shared_->retired.begin(), shared_->retired.end());
    for (Frontend* frontend : all)
        frontend->abort_all(core::EndedBy::kKilled);
}

std::size_t Proxy::connections() const {
    return shared_->sessions;
}

std::optional<std::string> Proxy::not_listening() const {
    for (const Frontend* frontend : frontends_) {
        if (!frontend->listening()) return frontend->settings().name;
    }
    return std::nullopt;
}

std::optional<std::string> Proxy::without_backend() const {
    const auto usable = [](const balance::Member& member) {
        return member.weight > 0 && member.backend->state != balance::State::kUnhealthy;
    };
    for (const Frontend* frontend : frontends_) {
        const auto& members = frontend->pool().members();
        if (std::none_of(members.begin(), members.end(), usable)) return frontend->settings().name;
    }
    return std::nullopt;
}

void Proxy::when_empty(std::function<void()> done) {
    if (shared_->sessions == 0) return done();
    shared_->session_ended = [this, done = std::move(done)] {
        if (shared_->sessions == 0) done();
    };
}

std::vector<FrontendView> Proxy::view() const {
    std::vector<FrontendView> out;
    for (const Frontend* frontend : frontends_)
        out.push_back(frontend->view());
    for (const Frontend* frontend : shared_->retired) {
        if (frontend->connections() > 0) out.push_back(frontend->view());
    }
    return out;
}

}  // namespace amba::proxy
