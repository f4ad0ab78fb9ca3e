// Which line each change of a backend is worth.
#include "proxy/backends_log.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "amba/core/count_of.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::Pool;
using core::count_of;
using enum log::Level;
using namespace std::chrono_literals;

namespace {

constexpr auto kResetLineEvery = 10s;
constexpr auto kLackLineEvery = 10s;

}  // namespace

void BackendsLog::say(log::Level level, const char* event, const Pool& pool, const Backend& backend,
                      const std::string& what) const {
    const std::string address = backend.endpoint.to_string();
    std::string text = "backend " + address;
    const balance::Member* member = pool.find(backend.endpoint);
    if (member != nullptr && member->origin != address) text += " (" + member->origin + ")";
    log::write(level, event, text + " of frontend " + settings_.name + what,
               {settings_.name, address});
}

void BackendsLog::changed(const Pool& pool, const Backend& backend,
                          const balance::HealthChange& change, const std::string& why) const {
    const auto tell = [&](log::Level level, const char* event, const std::string& what) {
        say(level, event, pool, backend, what);
    };
    if (change.up) tell(kInfo, "up", " is up: " + why);
    if (change.down) {
        const bool closed = settings_.close_on_marked_down && backend.users() > 0;
        tell(kWarning, "down",
             " is down: " + why + "; " + count_of(backend.users(), "connection") +
                 (closed ? " closed" : " kept"));
    }
    if (change.fails) tell(kWarning, "down", " cannot be connected to: " + why);
    if (change.slow) tell(kWarning, "slow", ": no answer, another backend was faster");
    if (change.returned) tell(kInfo, "returned", " takes connections again, on trial");
    if (change.ejected) tell(kWarning, "ejected", " is " + std::string(backend.health().why()));
    if (change.answers) tell(kInfo, "up", " answers again");
}

void BackendsLog::reset(const Pool& pool, const Backend& backend, core::Time now) {
    ++resets_unlogged_;
    if (now < next_reset_line_) return;
    next_reset_line_ = now + kResetLineEvery;
    const std::uint64_t resets = std::exchange(resets_unlogged_, 0);
    const std::string more =
        resets > 1 ? " (" + std::to_string(resets) + " since the last line)" : std::string();
    say(kWarning, "reset", pool, backend, " reset a connection in mid-stream" + more);
}

void BackendsLog::lacks(const Backend& backend, int error, core::Time now) {
    if (now < next_lack_line_) return;
    next_lack_line_ = now + kLackLineEvery;
    std::string why = std::strerror(error);
    if (error == EADDRNOTAVAIL) {
        why += ": no local port is left towards it (net.ipv4.ip_local_port_range)";
    }
    const bool descriptors = error == EMFILE || error == ENFILE;
    log::warning(descriptors ? "descriptors" : "shortage",
                 "frontend " + settings_.name + " cannot connect from this host to " +
                     backend.endpoint.to_string() + ": " + why);
}

}  // namespace amba::proxy
