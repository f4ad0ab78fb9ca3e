#include "amba/proxy/proxy.hpp"

#include <sys/resource.h>

#include <algorithm>

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
    for (Frontend* frontend : std::vector<Frontend*>(shared_->retired))
        frontend->close_now();
    abort_all();
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
            std::vector<int> holders;
            for (const auto* list : {&frontends_, &shared_->retired}) {
                for (const Frontend* other : *list) {
                    if (!other->settings().bind.overlaps(bind)) continue;
                    const std::vector<int> sockets = other->sockets();
                    holders.insert(holders.end(), sockets.begin(), sockets.end());
                }
            }
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

void Proxy::commit(Prepared prepared) {
    shared_->poller.refresh_now();
    std::vector<Frontend*> next;
    for (Prepared::Item& item : prepared.items) {
        Frontend* frontend = find(item.plan.settings.bind);
        if (frontend == nullptr) {
            frontend = new Frontend(*shared_, std::move(item.plan));
        } else {
            frontend->update(std::move(item.plan.settings), std::move(item.plan.targets));
        }
        if (item.listener) frontend->listen(std::move(item.listener));
        next.push_back(frontend);
    }
    shared_->max_sessions = room_for_sessions(next.size());
    std::vector<Frontend*> before = std::move(frontends_);
    frontends_ = next;
    for (Frontend* frontend : before) {
        if (std::find(next.begin(), next.end(), frontend) != next.end()) continue;
        frontend->retire(std::any_of(next.begin(), next.end(), [&](const Frontend* heir) {
            return heir->settings().bind.overlaps(frontend->settings().bind);
        }));
    }
}

void Proxy::retarget(const core::Bind& bind, std::vector<Target> targets) {
    if (Frontend* frontend = find(bind)) frontend->retarget(std::move(targets));
}

// In the table, or out of it with connections left.
Frontend* Proxy::find(const core::Bind& bind) const {
    const auto is_it = [&](const Frontend* f) {
        return f->settings().bind == bind;
    };
    for (const std::vector<Frontend*>* list :
         std::initializer_list<const std::vector<Frontend*>*>{&frontends_, &shared_->retired}) {
        const auto found = std::find_if(list->begin(), list->end(), is_it);
        if (found != list->end()) return *found;
    }
    return nullptr;
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

bool Proxy::all_listening() const {
    return std::all_of(frontends_.begin(), frontends_.end(),
                       [](const Frontend* frontend) { return frontend->listening(); });
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
