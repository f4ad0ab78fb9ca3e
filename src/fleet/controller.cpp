#include "amba/fleet/controller.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <vector>

#include "amba/log/log.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 20ms;       // an event is waited for that long after the last one
constexpr auto kGathering = 100ms;  // and after the first of them no longer than that
constexpr auto kAgain = 30s;        // without any event
constexpr auto kVerify = 5min;      // what ambassadors know is asked, rather than remembered
constexpr auto kForget = 60s;
constexpr auto kFirstRetry = 100ms;
constexpr auto kLastRetry = 5s;

// Signals that end a container by its image's STOPSIGNAL or by custom: INT, QUIT, ABRT, KILL, TERM;
// WINCH (httpd) and RTMIN+3 (systemd). Others, as HUP and USR1, it lives through.
constexpr std::array<std::string_view, 7> kEnding{"2", "3", "6", "9", "15", "28", "37"};

auto retry_after(unsigned failures) {
    return std::min<Doorbell::Clock::duration>(kFirstRetry * (1u << std::min(failures, 10u)),
                                               kLastRetry);
}

// Ends the wait early when it is told to stop.
void sleep(Doorbell::Clock::duration time, const std::stop_token& stop) {
    Doorbell nobody;
    nobody.wait_until(Doorbell::Clock::now() + time, stop);
}

}  // namespace

void Stopping::told(const docker::Event& event, Clock::time_point now) {
    if (event.type != "container") return;
    const std::lock_guard lock(mutex_);
    if (event.action == "kill") {
        const auto signal = event.attributes.find("signal");
        const bool ends =
            signal != event.attributes.end() &&
            std::find(kEnding.begin(), kEnding.end(), signal->second) != kEnding.end();
        if (ends) told_[event.id] = {event.time_us, now + kForget};
    } else if (event.action == "start" || event.action == "destroy") {
        told_.erase(event.id);
    }
}

void Stopping::mark(Snapshot& snapshot, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(told_, [&](const auto& entry) { return entry.second.until <= now; });
    for (Member& member : snapshot.members) {
        const auto told = told_.find(member.container.id);
        member.stopping = told != told_.end() && member.container.started_us <= told->second.at_us;
    }
}

void Doorbell::ring() {
    const std::lock_guard lock(mutex_);
    ringing_ = true;
    rung_.notify_one();
}

bool Doorbell::wait_until(Clock::time_point time, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool rung = rung_.wait_until(lock, stop, time, [&] { return ringing_; });
    ringing_ = false;
    return rung;
}

void Controller::run(const std::stop_token& stop) {
    std::vector<std::jthread> followers;
    for (const Site& site : fleet_.sites()) {
        followers.emplace_back([this, &site, stop] { follow(site, stop); });
    }
    while (!stop.stop_requested()) {
        failures_ = reconcile() ? 0 : failures_ + 1;
        wait(stop);
    }
}

void Controller::follow(const Site& site, const std::stop_token& stop) {
    unsigned failures = 0;
    while (!stop.stop_requested()) {
        const auto ended = site.engine->events(
            [&] {
                failures = 0;
                log::info("events", "following those of " + site.engine->host().to_string());
                bell_.ring();
            },
            [&](const docker::Event& event) {
                // What the controller itself asks of containers is no news.
                if (event.action.starts_with("exec_")) return;
                stopping_.told(event, Clock::now());
                bell_.ring();
            },
            stop);
        if (stop.stop_requested()) return;
        if (failures == 0) {
            log::warning("events",
                         (ended ? std::string("the stream has ended") : ended.error().reason) +
                             "; trying again");
        }
        sleep(retry_after(failures++), stop);
    }
}

bool Controller::reconcile() {
    auto snapshot = fleet_.look();
    if (!snapshot) {
        if (trouble_ != snapshot.error().reason) log::error("engine", snapshot.error().reason);
        trouble_ = snapshot.error().reason;
        return false;
    }
    trouble_.clear();
    const auto now = Clock::now();
    if (now >= verify_) {
        given_.clear();
        verify_ = now + kVerify;
    }
    const Tally made = fleet_.create(*snapshot);
    if (made.done > 0) {
        snapshot = fleet_.look();
        if (!snapshot) return false;
    }
    stopping_.mark(*snapshot, now);
    given_.keep_only(*snapshot);
    const Tally told = fleet_.configure(*snapshot, &given_);
    return made.failed == 0 && told.failed == 0;
}

void Controller::wait(const std::stop_token& stop) {
    const auto now = Clock::now();
    const auto until = now + (failures_ > 0 ? retry_after(failures_) : kAgain);
    if (!bell_.wait_until(until, stop)) return;
    const auto latest = Clock::now() + kGathering;
    while (!stop.stop_requested()) {
        const auto next = std::min<Clock::time_point>(Clock::now() + kQuiet, latest);
        if (!bell_.wait_until(next, stop)) return;
        if (Clock::now() >= latest) {
            bell_.ring();  // the last may have come after the others were gathered
            return;
        }
    }
}

}  // namespace amba::fleet
