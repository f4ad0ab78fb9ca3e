// What Dialing asks of its frontend.
#include "proxy/frontend_candidates.hpp"

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"
#include "proxy/session.hpp"

namespace amba::proxy {

using balance::Backend;

balance::Choice FrontendCandidates::pick(std::span<Backend* const> tried) {
    const bool by_source = frontend_.settings().balance == balance::Algorithm::kSource;
    return frontend_.backends().pick(
        {tried, by_source ? net::peer_hash(session_.client_socket()) : 0});
}

std::size_t FrontendCandidates::weighted() const {
    return frontend_.backends().pool().weighted();
}

bool FrontendCandidates::has(const Backend& backend) const {
    return frontend_.backends().pool().find(backend.endpoint) != nullptr;
}

bool FrontendCandidates::queue_is_due() const {
    return frontend_.queue().is_due();
}

core::Duration FrontendCandidates::hedge_after() const {
    return frontend_.backends().connect_times().hedge_after();
}

std::uint64_t FrontendCandidates::draw() {
    return shared_.draw();
}

}  // namespace amba::proxy
