// The socket of a check, from connect to close, handled so that servers do not log it as a fault.
//
// A tcp check is over before it is a connection: when the server's kernel has answered the SYN it
// is reset, and the server never learns of it. One that was accepted and left would be a line in
// the log of PostgreSQL ("could not receive data from client: Connection reset by peer") and of
// Python's http.server, and an interrupted handshake to MariaDB, which blocks the host after 100 of
// them (max_connect_errors). HAProxy's checks do the same (it disables the quick ACK as well).
//
// Where the ACK has gone nevertheless (this process did not run for 200 ms, or the kernel does not
// tell) the end is FIN: of all that can be done then PostgreSQL, Redis and web servers take that
// for nothing to speak of. So does a check that speaks a protocol; a reset would be a line.
#include "health/probe.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "amba/net/tcp.hpp"

namespace amba::health {

namespace {

CheckResult verdict_of(int error, bool local) {
    const auto kind = local ? CheckResult::Kind::kNothing : CheckResult::Kind::kFailed;
    return {kind, std::strerror(error)};
}

}  // namespace

Probe::Probe(net::Poller& poller, net::Deadlines& deadlines, const core::Endpoint& backend,
             const core::Check& check, Done done, const SecretPtr& secret) :
    poller_(poller),
    deadlines_(deadlines), backend_(backend), timeout_(check.timeout),
    dialogue_(dialogue_of(check, backend, secret)), done_(std::move(done)) {}

void Probe::start() {
    net::Connecting attempt =
        net::connect_to(backend_, dialogue_ ? net::Handshake::kWhole : net::Handshake::kUnfinished);
    if (attempt.error == 0 &&
        !poller_.add(attempt.socket.get(), *this, 0, EPOLLIN | EPOLLOUT | EPOLLRDHUP)) {
        attempt.error = ENOMEM;
    }
    if (attempt.error != 0) {
        early_ = verdict_of(attempt.error, net::is_refused_here(attempt.error));
        return poller_.again(*this);
    }
    socket_ = std::move(attempt.socket);
    deadlines_.set(*this, core::Clock::now() + timeout_);
}

void Probe::cancel() {
    clear();
    socket_.reset();
    poller_.bury(*this);
}

void Probe::on_ready(unsigned, std::uint32_t events) {
    if (!connected_) {
        if (events & (EPOLLERR | EPOLLHUP)) {
            const int error = net::take_error(socket_.get());
            if (error != 0) return failed(error);
        }
        if ((events & EPOLLOUT) == 0) return;
        connected_ = true;
        return connected();
    }
    if (!send()) return;
    receive();
}

void Probe::connected() {
    if (net::is_connected_to_itself(socket_.get())) {
        net::reset_on_close(socket_.get());  // whoever is to listen there can have the port
        return failed(ECONNREFUSED);
    }
    if (!dialogue_) {
        if (net::is_unfinished(socket_.get())) net::reset_on_close(socket_.get());
        return end({CheckResult::Kind::kAlive, {}});
    }
    out_ = dialogue_->open();
    if (!send()) return;
    receive();
}

void Probe::receive() {
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t got = recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == EAGAIN) return;
        if (got < 0) return failed(errno);
        if (got == 0) return failed("closed the connection before its answer was complete");
        const auto count = static_cast<std::size_t>(got);
        heard_.append(buffer.data(), count);
        heard_in_all_ += count;
        Step step = dialogue_->hear(heard_);
        out_ += step.send;
        if (step.kind != Step::Kind::kMore) return take(std::move(step));
        if (heard_in_all_ > kMostHeard) return failed("an answer of more than 16 KiB");
        if (!send()) return;
    }
}

void Probe::take(Step step) {
    // What ends the dialogue in order: what the kernel does not take at once is not worth waiting
    // for.
    if (!out_.empty()) ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (step.kind == Step::Kind::kFailed) return failed(std::move(step.reason));
    end({CheckResult::Kind::kAlive, std::move(step.reason)});
}

// False when it ended.
bool Probe::send() {
    while (!out_.empty()) {
        const ssize_t sent = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno == EAGAIN) return true;
        // A peer that refuses may have said why before it closed: receive() tells.
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) out_.clear();
        if (sent < 0 && !out_.empty()) return failed(errno), false;
        if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    }
    return true;
}

void Probe::on_deadline() {
    failed((connected_ ? "no answer in " : "no connection in ") + core::to_string(timeout_));
}

void Probe::failed(int error) {
    end(verdict_of(error, net::is_local_shortage(error)));
}

void Probe::end(const CheckResult& verdict) {
    clear();
    socket_.reset();
    poller_.bury(*this);
    done_(verdict);
}

}  // namespace amba::health
