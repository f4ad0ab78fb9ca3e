// What an event or a failure leads to, and when it is looked again.
#include "amba/fleet/controller.hpp"

#include <algorithm>
#include <string_view>

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

constexpr auto kQuiet = 20ms;       // an event is waited for that long after the last one
constexpr auto kGathering = 100ms;  // and after the first of them no longer than that
constexpr auto kAgain = 30s;        // without any event
constexpr auto kVerify = 5min;      // what ambassadors know is asked, rather than remembered
constexpr auto kForget = 60s;
constexpr auto kOld = 24h;  // no container gets longer to end

// A client that was started meanwhile does not wait for longer than this for those before it.
constexpr auto kEnough = 500ms;

// A restart of the same ambassadors within that time is a failure of the one before.
constexpr auto kSettled = 10s;

constexpr std::pair<std::string_view, std::string_view> kSignals[] = {
    {"HUP", "1"},    {"INT", "2"},   {"QUIT", "3"},   {"ABRT", "6"},
    {"KILL", "9"},   {"USR1", "10"}, {"USR2", "12"},  {"TERM", "15"},
    {"WINCH", "28"}, {"PWR", "30"},  {"RTMIN", "34"}, {"RTMIN+3", "37"}};

// The number of a signal, as events have it.
std::string_view signal_number(std::string_view name) {
    if (name.empty()) return "15";
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (const auto& [known, number] : kSignals) {
        if (name == known) return number;
    }
    return name;
}

bool stops(const docker::Container& container, std::string_view signal) {
    return signal == "9" || signal == signal_number(container.stop_signal);
}

// True of events of a container of a project, of an ambassador, or of a volume that may have
// shares.
bool concerns_us(const docker::EngineEvent& event) {
    const auto has = [&](const char* label) {
        return event.attributes.contains(label);
    };
    if (event.type != "container") return true;
    // What the controller itself asks of containers is no news.
    return !event.action.starts_with("exec_") && (has(kComposeProject) || has(kProjectLabel));
}

}  // namespace

void Stopping::told(const docker::EngineEvent& event, Clock::time_point now) {
    if (event.type != "container") return;
    const std::lock_guard lock(mutex_);
    if (event.action == "kill") {
        const auto signal = event.attributes.find("signal");
        if (signal == event.attributes.end()) return;
        told_[{event.id, signal->second}] = {event.time_us, now};
    } else if (event.action == "start" || event.action == "destroy") {
        std::erase_if(told_, [&](const auto& entry) { return entry.first.first == event.id; });
    }
}

void Stopping::mark(Snapshot& snapshot, Clock::time_point now) {
    const std::lock_guard lock(mutex_);
    std::erase_if(told_, [&](const auto& entry) { return entry.second.since + kOld <= now; });
    for (FleetContainer& member : snapshot.members) {
        const docker::Container& container = member.container;
        const auto time = std::max<Clock::duration>(
            kForget, std::chrono::seconds(container.stop_seconds) + kSettled);
        const auto begin = told_.lower_bound({container.id, ""});
        for (auto told = begin; told != told_.end() && told->first.first == container.id; ++told) {
            const bool over =
                container.started_us > told->second.at_us || told->second.since + time <= now;
            if (!over && stops(container, told->first.second)) member.stopping = true;
        }
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
    EngineWatch watch(
        fleet_,
        [this](const docker::EngineEvent& event) {
            if (!concerns_us(event)) return;
            stopping_.told(event, Clock::now());
            if (event.action == "start" && !event.attributes.contains(kProjectLabel)) ++starts_;
            bell_.ring();
        },
        [this] { bell_.ring(); });
    while (!stop.stop_requested()) {
        failures_ = reconcile(watch) ? 0 : failures_ + 1;
        wait(stop);
    }
}

bool Controller::reconcile(EngineWatch& watch) {
    auto snapshot = watch.look();
    if (!snapshot) return true;  // the bell tells when there is more to see
    const auto now = Clock::now();
    if (now >= verify_) {
        given_.clear();
        verify_ = now + kVerify;
    }
    // Containers that are stopping leave the tables first: to make an ambassador may take an
    // image's download.
    bool good = configure(*snapshot);
    if (create(*snapshot, now)) {
        snapshot = watch.look();
        if (snapshot) good = configure(*snapshot);
    }
    return good;
}

bool Controller::configure(Snapshot& snapshot) {
    stopping_.mark(snapshot, Clock::now());
    given_.keep_only(snapshot);
    const Tally tally = fleet_.configure(snapshot, &given_);
    // A port that a client holds is not free again within a moment.
    return tally.failed == tally.held;
}

bool Controller::create(const Snapshot& snapshot, Clock::time_point now) {
    if (now < create_after_) return false;
    const unsigned starts = starts_;
    const auto enough = [&] {
        return starts_ != starts && Clock::now() >= now + kEnough;
    };
    Tally made = fleet_.create(snapshot, &given_, enough);
    // One at a time: tables come first, and a fleet is not put at risk as a whole.
    if (made.done + made.failed + made.left == 0) made = fleet_.upgrade(snapshot, 1);
    if (made.left > 0) bell_.ring();
    const bool again = made.restarted > 0 && now < restarted_ + kSettled;
    if (made.restarted > 0) restarted_ = now;
    create_failures_ = made.failed > 0 || again ? create_failures_ + 1 : 0;
    create_after_ = Clock::now();
    if (create_failures_ > 0) create_after_ += retry_after(create_failures_);
    return made.done > 0;
}

void Controller::wait(const std::stop_token& stop) {
    const auto now = Clock::now();
    auto until = now + (failures_ > 0 ? retry_after(failures_) : kAgain);
    if (create_failures_ > 0) until = std::min<Clock::time_point>(until, create_after_);
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
