// Who is still served between the first SIGTERM and the exit.
#include "daemon/drain.hpp"

#include <utility>

#include "amba/core/count_of.hpp"
#include "amba/log/log.hpp"

namespace amba::daemon {

using core::count_of;

std::optional<DrainAccept> parse_drain_accept(std::string_view word) {
    if (word == "auto") return DrainAccept::kLoopback;
    if (word == "on") return DrainAccept::kOn;
    if (word == "off") return DrainAccept::kOff;
    return std::nullopt;
}

Drain::Drain(boost::asio::io_context& loop, proxy::Proxy& proxy, core::Duration timeout,
             DrainAccept accept, std::function<void(const std::string&)> over) :
    proxy_(proxy),
    timeout_(timeout), accept_(accept), over_(std::move(over)), timeout_timer_(loop),
    quiet_timer_(loop) {}

bool Drain::goes_on(const core::Bind& bind) const {
    if (accept_ != DrainAccept::kLoopback) return accept_ == DrainAccept::kOn;
    return !bind.wildcard && bind.endpoint.address.is_loopback();
}

void Drain::begin(const std::string& signal) {
    signal_ = signal;
    accepting_ = proxy_.stop_listening([this](const core::Bind& bind) { return !goes_on(bind); });
    if (proxy_.connections().now > 0) {
        log::info("drain", signal + ": " + count_of(proxy_.connections().now, "connection") +
                               " may go on for at most " + core::to_string(timeout_));
    }
    timeout_timer_.expires_after(timeout_);
    timeout_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) end("the drain time-out is over");
    });
    proxy_.when_empty([this] { empty(); });
}

void Drain::wait(const std::string& why) {
    signal_ = why;
    proxy_.when_empty([this] { empty(); });
}

// Each time that the last connection has ended.
void Drain::empty() {
    if (!accepting_) return end(signal_);
    quiet_timer_.expires_after(kQuiet);
    quiet_timer_.async_wait([this](boost::system::error_code error) {
        if (!error && proxy_.connections().now == 0) quiet();
    });
}

// Whoever comes in this moment is served: what is queued is accepted before a socket is closed.
void Drain::quiet() {
    accepting_ = false;
    proxy_.stop_listening();
    if (proxy_.connections().now == 0) end(signal_);
}

// The last connection may end within quiet(), and others after it.
void Drain::end(const std::string& why) {
    if (over_) std::exchange(over_, nullptr)(why);
}

}  // namespace amba::daemon
