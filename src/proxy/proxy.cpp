// The door of the proxy: what is asked of all frontends, and of one by its address.
#include "amba/proxy/proxy.hpp"

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

Proxy::Proxy(net::Poller& poller, net::Deadlines& deadlines, std::uint64_t seed, Callbacks told) :
    shared_(std::make_unique<Shared>(poller, deadlines, seed)), seed_(seed), slices_(poller) {
    shared_->told = std::move(told);
}

Proxy::~Proxy() {
    shared_->session_ended = nullptr;
    abort_all();
    for (Frontend* frontend : shared_->frontends.all())
        frontend->retire();
    for (Frontend* frontend : shared_->frontends.all())
        frontend->listener().close_now();
    abort_all();
    for (Frontend* frontend : shared_->frontends.all())
        frontend->end_if_empty();
}

void Proxy::discard_beside(std::function<void(std::shared_ptr<void>)> discard) {
    shared_->discard_beside = std::move(discard);
}

void Proxy::log_connections(unsigned one_of) {
    shared_->log_one_of = one_of;
}

void Proxy::retarget(const core::Bind& bind, std::vector<Target> targets) {
    Frontend* frontend = shared_->frontends.find(bind);
    if (frontend == nullptr) return;
    std::vector<Plan> plans;
    plans.push_back({frontend->settings(), std::move(targets), nullptr});
    build(plans, {known(*frontend)}, seed_ + shared_->poller.rounds());
    frontend->backends().replace(std::move(plans.front().pool));
}

// In the table, or out of it with connections left.
void Proxy::mark(const core::Bind& bind, balance::Backend& backend, bool healthy,
                 const std::string& why) {
    if (Frontend* frontend = shared_->frontends.find(bind))
        frontend->backends().mark(backend, healthy, why);
}

bool Proxy::stop_listening(const std::function<bool(const core::Bind&)>& at) {
    slices_.finish();
    bool some_listen = false;
    for (Frontend* frontend : frontends_) {
        if (at(frontend->settings().bind)) frontend->listener().close();
        some_listen |= frontend->listener().listening();
    }
    return some_listen;
}

void Proxy::list_sockets(const std::function<void(const core::Bind&, int fd)>& give) const {
    for (Frontend* frontend : frontends_) {
        if (frontend->listener().listening()) {
            give(frontend->settings().bind, frontend->listener().sockets().front());
        }
    }
}

void Proxy::leave_sockets() {
    slices_.finish();
    for (Frontend* frontend : frontends_)
        frontend->listener().close(Successor::kOtherProcess);
}

void Proxy::abort_all() {
    for (Frontend* frontend : shared_->frontends.all())
        frontend->abort_all(core::EndedBy::kKilled);
}

void Proxy::abort_left_by_client() {
    const auto left = [](const Session& session) {
        return net::peer_has_ended(session.client_socket());
    };
    for (Frontend* frontend : shared_->frontends.all())
        frontend->abort_all(core::EndedBy::kDown, left);
}

ConnectionCount Proxy::connections() const {
    return shared_->sessions;
}

std::optional<std::string> Proxy::not_listening() const {
    for (Frontend* frontend : frontends_) {
        if (!frontend->listener().listening()) return frontend->settings().name;
    }
    return std::nullopt;
}

std::optional<std::string> Proxy::without_backend() const {
    for (const Frontend* frontend : frontends_) {
        if (!frontend->has_backend()) return frontend->settings().name;
    }
    return std::nullopt;
}

void Proxy::when_empty(std::function<void()> done) {
    shared_->session_ended = [this, done] {
        if (shared_->sessions.now == 0) done();
    };
    if (shared_->sessions.now == 0) done();
}

std::vector<FrontendView> Proxy::view() const {
    std::vector<FrontendView> out;
    for (const Frontend* frontend : frontends_)
        out.push_back(frontend->view());
    for (Frontend* frontend : shared_->frontends.retired()) {
        if (frontend->listener().connections() > 0) out.push_back(frontend->view());
    }
    return out;
}

}  // namespace amba::proxy
