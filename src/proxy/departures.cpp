// How backends leave: which of them have connections, and what becomes of these.
#include "proxy/departures.hpp"

#include <algorithm>

#include "amba/core/count_of.hpp"
#include "amba/log/log.hpp"

namespace amba::proxy {

using balance::Backend;
using balance::BackendPtr;
using balance::Member;
using core::count_of;
using core::Removed;

namespace {

// Members looked at in one go: some hundred microseconds.
constexpr std::size_t kPart = 4096;
// Lines of one swap, before the rest is told in one.
constexpr std::size_t kLines = 10;

}  // namespace

void Departures::pool_replaced(std::shared_ptr<balance::Pool> before) {
    finish();
    std::erase_if(leaving_, [this](const auto& item) {
        if (health_.pool().find(item.first) == nullptr) return false;
        health_.came_back(*item.second.backend, shared_.poller.now());
        return true;  // which cancels its drain
    });
    before_ = std::move(before);
    next_ = 0;
    said_ = unsaid_ = unsaid_connections_ = 0;
    if (go_on()) observer_.turn_is_due();
}

bool Departures::go_on() {
    if (!before_) return false;
    const std::vector<Member>& members = before_->members();
    const std::size_t end = std::min(members.size(), next_ + kPart);
    for (; next_ < end; ++next_) {
        const BackendPtr& backend = members[next_].backend;
        if (backend->users() > 0 && !health_.pool().find(backend->endpoint)) leave(backend);
    }
    if (!to_close_.empty()) {
        BackendSet closing;
        const std::vector<BackendPtr> held = std::move(to_close_);
        for (const BackendPtr& backend : held)
            closing.insert(backend.get());
        observer_.close_connections(closing);
    }
    if (next_ < members.size()) return true;
    say_rest();
    shared_.discard(std::move(before_), next_);
    before_.reset();
    return false;
}

void Departures::finish() {
    while (go_on()) {
    }
}

void Departures::leave(const BackendPtr& backend) {
    const Removed& removed = settings_.removed;
    if (removed.kind == Removed::Kind::kClose) {
        say(*backend, ", closed now");
        to_close_.push_back(backend);
    }
    LeavingBackend& leaving = leaving_.try_emplace(backend->endpoint, *this, backend).first->second;
    if (removed.kind == Removed::Kind::kKeep) say(*backend, ", kept until they end");
    if (removed.kind == Removed::Kind::kDrain) {
        say(*backend, (", closed in " + core::to_string(removed.drain)).c_str());
        leaving.until = shared_.poller.now() + removed.drain;
        shared_.deadlines.set(leaving, leaving.until);
    }
}

void Departures::say(const Backend& backend, const char* what) {
    if (said_ == kLines) {
        ++unsaid_;
        unsaid_connections_ += backend.users();
        return;
    }
    ++said_;
    log::info("drain", "backend " + backend.endpoint.to_string() + " left frontend " +
                           settings_.name + " with " + count_of(backend.users(), "connection") +
                           what);
}

void Departures::say_rest() {
    if (unsaid_ == 0) return;
    log::info("drain", "and " + count_of(unsaid_, "more backend") + " of frontend " +
                           settings_.name + " with " + count_of(unsaid_connections_, "connection"));
}

// Closes the connections of all backends whose time is up: those that left with one swap are due
// together, and the connections are looked through once.
void Departures::time_is_up() {
    shared_.poller.refresh_now();  // a time of this batch may be before that of the deadline
    BackendSet due;
    std::vector<BackendPtr> held;
    for (auto& [endpoint, leaving] : leaving_) {
        if (leaving.until > shared_.poller.now()) continue;
        leaving.clear();
        leaving.until = core::Time::max();
        held.push_back(leaving.backend);
        due.insert(leaving.backend.get());
        log::info("drain", "backend " + endpoint.to_string() + " of frontend " + settings_.name +
                               ": time is up, " + count_of(leaving.backend->users(), "connection") +
                               " closed");
    }
    observer_.close_connections(due);
}

void Departures::unused(const Backend& backend) {
    const auto at = leaving_.find(backend.endpoint);
    if (at != leaving_.end() && at->second.backend == &backend) leaving_.erase(at);
}

std::vector<BackendPtr> Departures::backends() const {
    std::vector<BackendPtr> out;
    for (const auto& [endpoint, leaving] : leaving_)
        out.push_back(leaving.backend);
    return out;
}

}  // namespace amba::proxy
