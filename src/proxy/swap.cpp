// The steps of a swap: list what serves, bind what is new, then make it the table.
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <unordered_set>
#include <utility>

#include "amba/net/tcp.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/frontend.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

FrontendBackends Proxy::known(Frontend& frontend) {
    Backends& backends = frontend.backends();
    backends.departures().finish();  // afterwards all that left are in its list
    return {frontend.settings().bind, backends.shared_pool(), backends.departures().backends()};
}

void Proxy::known(std::function<void(std::vector<FrontendBackends>)> done) {
    const auto out = std::make_shared<std::vector<FrontendBackends>>();
    out->reserve(frontends_.size() + shared_->frontends.retired().size());
    // The retired frontends come first: they may be gone by the next slice.
    for (Frontend* frontend : shared_->frontends.retired())
        out->push_back(known(*frontend));
    slices_.run(
        frontends_.size(),
        [this, out](std::size_t i) {
            out->push_back(known(*frontends_[i]));
            return true;
        },
        [out, done = std::move(done)] { done(std::move(*out)); });
}

// ---- prepare ----

namespace {

// A copy, as another table may be tried when this one is refused.
core::Result<net::Descriptor> copy_of(int inherited, const core::Bind& bind) {
    net::Descriptor fd(fcntl(inherited, F_DUPFD_CLOEXEC, 0));
    if (!fd) return core::os_error("cannot bind " + bind.to_string(), errno);
    return fd;
}

}  // namespace

struct Proxy::BindJob {
    // Ends the sharing: every port is for one socket again.
    ~BindJob() {
        for (const int fd : shared_ports)
            net::share_port(fd, false);
    }
    // PORT and ADDR:PORT of one port, one leaving and one coming, must overlap for a moment.
    core::Result<net::Descriptor> bind_beside(const std::vector<int>& holders,
                                              const core::Bind& bind) {
        for (const int fd : holders)
            net::share_port(fd, true);
        shared_ports.insert(shared_ports.end(), holders.begin(), holders.end());
        auto listener = net::bind_to(bind, !holders.empty());
        if (listener && !holders.empty()) shared_ports.push_back(listener->get());
        return listener;
    }
    std::vector<Plan> plans;
    std::function<void(core::Result<PreparedTable>)> done;
    PreparedTable prepared;
    std::vector<int> shared_ports;
    std::optional<core::Error> refusal;
};

// All sockets are bound before the first listens, so that nobody connects to a table that is
// refused after all.
void Proxy::prepare(std::vector<Plan> plans,
                    std::function<void(core::Result<PreparedTable>)> done) {
    const auto binding = std::make_shared<BindJob>();
    binding->plans = std::move(plans);
    binding->done = std::move(done);
    const std::size_t count = binding->plans.size();
    binding->prepared.items.reserve(count);
    const auto end = [this, binding] {
        BindJob& b = *binding;
        const auto tell = std::move(b.done);
        if (!b.refusal) return tell(std::move(b.prepared));
        const std::size_t parts = b.prepared.items.size();
        shared_->discard(std::make_shared<PreparedTable>(std::move(b.prepared)), parts);
        tell(*b.refusal);
    };
    const auto bind_one = [this, binding](std::size_t i) {
        return bind_next(*binding, i);
    };
    const auto listen_one = [binding](std::size_t i) {
        const PreparedTable::Item& item = binding->prepared.items[i];
        if (!item.socket) return true;
        binding->refusal = net::start_listening(item.socket.fd.get(), item.plan.settings.bind);
        return !binding->refusal;
    };
    slices_.run(count, bind_one, [this, binding, count, listen_one, end] {
        if (binding->refusal) return end();
        slices_.run(count, listen_one, end);
    });
}

bool Proxy::bind_next(BindJob& binding, std::size_t i) const {
    PreparedTable::Item item{std::move(binding.plans[i]), {}};
    const core::Bind& bind = item.plan.settings.bind;
    Frontend* kept = shared_->frontends.find(bind);
    if (kept == nullptr || !kept->listener().listening()) {
        net::Reservation reservation = net::Reservation::take(net::Budget::Use::kListeners);
        if (!reservation) {
            binding.refusal = core::error("cannot bind " + bind.to_string() +
                                          ": connections and listeners have all descriptors that " +
                                          "there are (ulimit -n)");
            return false;
        }
        const int inherited = inherited_.find(bind);
        auto listener =
            inherited >= 0 ? copy_of(inherited, bind) : binding.bind_beside(holders_of(bind), bind);
        if (!listener) {
            binding.refusal = listener.error();
            return false;
        }
        item.socket = {std::move(*listener), std::move(reservation)};
    }
    binding.prepared.items.push_back(std::move(item));
    return true;
}

// Sockets of other frontends that listen where `bind` would.
std::vector<int> Proxy::holders_of(const core::Bind& bind) const {
    std::vector<int> out;
    for (Frontend* frontend : shared_->frontends.overlapping(bind)) {
        const std::vector<int> sockets = frontend->listener().sockets();
        out.insert(out.end(), sockets.begin(), sockets.end());
    }
    const std::vector<int> inherited = inherited_.overlapping(bind);
    out.insert(out.end(), inherited.begin(), inherited.end());
    return out;
}

// ---- commit ----

struct Proxy::SwapJob {
    PreparedTable prepared;
    std::function<void()> done;
    std::vector<Frontend*> next;
    std::vector<Frontend*> before;
    std::unordered_set<const Frontend*> stay;  // those of `next`
};

void Proxy::commit(PreparedTable prepared, std::function<void()> done) {
    const auto swapping = std::make_shared<SwapJob>();
    swapping->prepared = std::move(prepared);
    swapping->done = std::move(done);
    const std::size_t count = swapping->prepared.items.size();
    swapping->next.reserve(count);
    slices_.run(
        count,
        [this, swapping](std::size_t i) {
            swap_next(*swapping, i);
            return true;
        },
        [this, swapping] { retire_absent(swapping); });
}

void Proxy::swap_next(SwapJob& swapping, std::size_t i) {
    shared_->poller.refresh_now();
    PreparedTable::Item& item = swapping.prepared.items[i];
    Frontend* frontend = shared_->frontends.find(item.plan.settings.bind);
    if (frontend == nullptr) {
        frontend = new Frontend(*shared_, std::move(item.plan));
    } else {
        frontend->update(std::move(item.plan.settings), std::move(item.plan.pool));
    }
    if (item.socket) frontend->listener().listen(std::move(item.socket));
    swapping.next.push_back(frontend);
    swapping.stay.insert(frontend);
}

// Retires the frontends that the new table lacks.
void Proxy::retire_absent(std::shared_ptr<SwapJob> swapping) {
    swapping->before = std::exchange(frontends_, std::move(swapping->next));
    const std::size_t count = swapping->before.size();
    slices_.run(
        count,
        [this, swapping](std::size_t i) {
            Frontend* frontend = swapping->before[i];
            const auto stays = [&](const Frontend* one) {
                return swapping->stay.contains(one);
            };
            if (stays(frontend)) return true;
            const std::vector<Frontend*> heirs =
                shared_->frontends.overlapping(frontend->settings().bind);
            const bool has_heir = std::any_of(heirs.begin(), heirs.end(), stays);
            frontend->retire(has_heir ? Successor::kFrontend : Successor::kNone);
            return true;
        },
        [this, swapping] {
            const auto tell = std::move(swapping->done);
            shared_->discard(swapping, swapping->prepared.items.size());
            tell();
        });
}

}  // namespace amba::proxy
