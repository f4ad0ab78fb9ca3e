// A thread follows the events of each Engine, and what each Engine said last is remembered.
#include "amba/fleet/watch.hpp"

#include <algorithm>
#include <condition_variable>

#include "amba/docker/parallel.hpp"
#include "amba/log/log.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

constexpr auto kFirstRetry = 100ms;
constexpr auto kLastRetry = 5s;

// Sleeps; ends early when it is told to stop.
void sleep(std::chrono::steady_clock::duration time, const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any nobody;
    std::unique_lock lock(mutex);
    nobody.wait_for(lock, stop, time, [] { return false; });
}

}  // namespace

std::chrono::steady_clock::duration retry_after(unsigned failures) {
    return std::min<std::chrono::steady_clock::duration>(
        kFirstRetry * (1u << std::min(failures, 10u)), kLastRetry);
}

EngineWatch::EngineWatch(const Fleet& fleet, OnEvent told, OnReturn changed) :
    fleet_(fleet), told_(std::move(told)), changed_(std::move(changed)) {
    for (std::size_t site = 0; site < fleet_.sites().size(); ++site) {
        watched_.emplace_back().site = site;
    }
    for (EngineState& one : watched_) {
        followers_.emplace_back([this, &one](const std::stop_token& stop) { follow(one, stop); });
    }
}

// All threads are told to stop at once, not one after the other.
EngineWatch::~EngineWatch() {
    for (std::jthread& follower : followers_)
        follower.request_stop();
}

void EngineWatch::follow(EngineState& watched, const std::stop_token& stop) {
    const docker::Engine& engine = *fleet_.sites()[watched.site].engine;
    while (!stop.stop_requested()) {
        std::stop_source following;
        const std::stop_callback all(stop, [&] { following.request_stop(); });
        const auto opened = [&] {
            {
                const std::lock_guard lock(watched.mutex);
                watched.answers = true;
                watched.following = following;
            }
            log::info("events", "following those of " + engine.host().to_string());
            changed_();
        };
        const auto ended = engine.events(opened, told_, following.get_token());
        if (stop.stop_requested()) return;
        std::unique_lock lock(watched.mutex);
        watched.answers = false;
        if (!ended) say_trouble(watched, ended.error().reason);
        const auto pause = retry_after(watched.failures++);
        lock.unlock();
        sleep(pause, stop);
    }
}

void EngineWatch::say_trouble(EngineState& watched, const std::string& reason) {
    if (watched.trouble == reason) return;
    watched.trouble = reason;
    const char* more = watched.picture ? "" : "; nothing is changed before it has answered once";
    log::error("engine", reason + more);
}

// A look that fails ends the stream of events, which begins anew before the next look.
void EngineWatch::look_at(EngineState& watched) {
    auto picture = fleet_.look_at(watched.site);
    const std::lock_guard lock(watched.mutex);
    if (picture) {
        watched.picture = std::move(*picture);
        watched.failures = 0;
        watched.trouble.clear();
    } else {
        say_trouble(watched, picture.error().reason);
        watched.answers = false;
        watched.following.request_stop();
    }
}

std::optional<Snapshot> EngineWatch::look() {
    std::vector<EngineState*> those;
    for (EngineState& one : watched_) {
        const std::lock_guard lock(one.mutex);
        if (one.answers) those.push_back(&one);
    }
    docker::ten_at_a_time(those, [&](EngineState* one) { look_at(*one); });
    Snapshot snapshot = fleet_.nothing();
    for (EngineState& one : watched_) {
        if (!one.picture) return std::nullopt;
        Picture picture = *one.picture;
        const std::lock_guard lock(one.mutex);
        if (!one.answers) {
            picture.ambassadors.clear();
            snapshot.silent.insert(one.site);
        }
        snapshot.add(std::move(picture));
    }
    return snapshot;
}

}  // namespace amba::fleet
