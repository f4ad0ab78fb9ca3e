// The story of a connection from accept to its end; how it comes by a backend is in dialer.cpp.
#include "proxy/session.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "amba/net/tcp.hpp"
#include "proxy/frontend.hpp"

namespace amba::proxy {

using core::EndedBy;
using core::Stage;
using namespace std::chrono_literals;

namespace {

constexpr unsigned kClientSlot = 0;

// After a reset, bytes that came before it are handed on for at most this long.
constexpr auto kLinger = 1s;
constexpr auto kLingerStep = 5ms;

// After this time a connection gets keepalive towards its backend: most are over before.
constexpr core::Duration kGrownUp = 10s;

}  // namespace

Session::Session(Frontend& frontend, Shared& shared, net::Descriptor client) :
    frontend_(frontend), shared_(shared), client_(std::move(client)),
    accepted_us_(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                                shared.poller.now().time_since_epoch())
                                                .count()) &
                 ((std::uint64_t{1} << 48) - 1)) {
    static_assert(sizeof(Session) <= 248, "with malloc's own 8 bytes: 0.25 KiB a connection");
    if (!shared_.to_be_logged()) return;
    extra().line = std::make_unique<Line>();
    if (const auto client_at = net::peer_of(client_.get())) extra().line->client = *client_at;
}

Session::Extra& Session::extra() {
    if (!extra_) extra_.reset(new (dial_blocks().take()) Extra(*this, frontend_, shared_));
    return *extra_;
}

// The blocks are the process's: a session that is over is freed by the poller, which outlives the
// proxy.
BlockPool& Session::dial_blocks() {
    static BlockPool blocks(sizeof(Extra));
    return blocks;
}

void Session::GiveBack::operator()(Extra* extra) const {
    extra->~Extra();
    dial_blocks().give_back(extra);
}

void Session::start() {
    relay_.set_socket(Side::kClient, client_.get());
    if (!shared_.poller.add(client_.get(), *this, kClientSlot, kBothEnds)) {
        return finish({EndedBy::kResource, Stage::kConnect}, End::kReset);
    }
    extra().dialer.start();
}

// ---- RELAY ----

void Session::connected(Attempt attempt, std::uint32_t events, core::Clock::duration took) {
    server_ = std::move(attempt.socket);
    lease_ = std::move(attempt.lease);
    server_slot_ = attempt.slot;
    dialing_ = false;
    if (Line* line = extra_->line.get()) {
        line->connect = took;
        line->queued = dialer().dialing().clocks().waited_for(shared_.poller.now());
        line->tries = dialer().tries();
    }
    // The backends that were tried in vain are remembered, so that none is tried twice when this
    // one resets at once.
    if (!dialer().dialing().has_tried() && !extra_->line) extra_.reset();
    relay_.set_socket(Side::kBackend, server_.get());
    relay_.on_events(Side::kBackend, events);
    frontend_.connected(*this);
    moved_at_ = shared_.poller.now();
    const auto idle = frontend_.settings().timeouts.idle;
    shared_.deadlines.set(*this, moved_at_ + (idle > 0ms ? std::min(idle, kGrownUp) : kGrownUp));
    relay();
}

void Session::on_ready(unsigned slot, std::uint32_t events) {
    if (slot == kClientSlot) {
        relay_.on_events(Side::kClient, events, shared_.poller.rounds());
        if (dialing_) {
            // FIN alone is a half-close: the client still wants the answer.
            if (events & (EPOLLERR | EPOLLHUP)) abort(EndedBy::kClient);
            return;
        }
    } else {
        if (dialing_) return dialer().on_ready(slot, events);
        if (slot != server_slot_) return;  // of the connect that lost the race in this batch
        const bool aborted = (events & EPOLLERR) != 0 && !lingering_;
        if (aborted && relay_.nothing_has_happened()) return redial();
        relay_.on_events(Side::kBackend, events, shared_.poller.rounds());
    }
    if (!lingering_) moved_at_ = shared_.poller.now();
    relay();
}

void Session::relay() {
    verdict_ = relay_.run(shared_);
    switch (verdict_) {
        case Relay::Outcome::kDone: return finish({}, End::kClose);
        case Relay::Outcome::kAgain: shared_.poller.again(*this); break;
        case Relay::Outcome::kRunning: break;
        case Relay::Outcome::kClientReset:
        case Relay::Outcome::kBackendReset: return linger();
    }
    // One side aborted while the other is slow to take what came before.
    if (relay_.any_reset() && !lingering_) linger();
}

// A reset is passed on once the other side has everything that came before it.
void Session::linger() {
    const core::Time now = shared_.poller.now();
    if (!lingering_) extra().lingers_until = now + kLinger;
    lingering_ = true;
    const bool by_client = relay_.reset_by(Side::kClient);
    const bool handed_on =
        verdict_ == Relay::Outcome::kClientReset || verdict_ == Relay::Outcome::kBackendReset;
    const Side other = by_client ? Side::kBackend : Side::kClient;
    const bool delivered = handed_on && net::unacknowledged(relay_.socket(other)) == 0;
    if (!delivered && now < extra_->lingers_until) {
        shared_.deadlines.set(*this,
                              std::min<core::Time>(now + kLingerStep, extra_->lingers_until));
        return;
    }
    if (!by_client) frontend_.backends().reset(*lease_, client_is_silent());
    finish({by_client ? EndedBy::kClient : EndedBy::kServer, Stage::kData}, End::kReset);
}

void Session::on_deadline() {
    shared_.poller.refresh_now();
    if (lingering_) return linger();
    if (!kept_alive_) net::keep_alive(server_.get());
    kept_alive_ = true;
    const auto idle = frontend_.settings().timeouts.idle;
    if (idle == 0ms) return;
    const core::Time expires = moved_at_ + idle;
    if (shared_.poller.now() < expires) return shared_.deadlines.set(*this, expires);
    // What was cut off must not look whole: the end that a side waits for, bytes that it has not
    // taken.
    const bool cut_off = relay_.half_closed() || relay_.holding();
    finish({EndedBy::kClientTimeout, relay_.half_closed() ? Stage::kLast : Stage::kData},
           cut_off ? End::kReset : End::kClose);
}

// ---- established and lost ----

void Session::redial() {
    const bool silent = client_is_silent();
    clear();
    dialing_ = true;
    kept_alive_ = false;
    server_.reset();
    shared_.poller.forget(*this, server_slot_);
    relay_.forget_backend();
    extra().dialer.start_again({{}, std::move(lease_), server_slot_}, silent);
}

bool Session::uses(const BackendSet& backends) const {
    return dialing_ ? dialer().uses(backends) : backends.contains(lease_.get());
}

void Session::leave(const BackendSet& backends, EndedBy by) {
    if (!dialing_) return abort(by);
    dialer().leave(backends);
}

// ---- FINISH ----

void Session::abort(EndedBy by) {
    const Stage stage = dialing_ ? dialer().dialing().clocks().stage() : Stage::kData;
    finish({by, stage}, End::kReset);
}

void Session::finish(core::Outcome outcome, End end) {
    if (buried()) return;
    clear();
    if (dialing_ && extra_) {
        if (Line* line = extra_->line.get()) {
            line->queued = dialer().dialing().clocks().waited_for(shared_.poller.now());
            line->tries = dialer().tries();
        }
        lease_ = dialer().end(end == End::kReset);
    }
    relay_.drop(shared_);
    if (end == End::kReset) {
        net::reset_on_close(client_.get());
        if (server_) net::reset_on_close(server_.get());
    }
    client_.reset();
    server_.reset();
    shared_.poller.bury(*this);
    frontend_.ended(*this, outcome);  // unlinks
}

}  // namespace amba::proxy
