// Which subjects are checked, as the lists of the frontends change.
#include "health/register.hpp"

#include <tuple>
#include <utility>

namespace amba::health {

Register::Register(net::Poller& poller, Schedule& schedule, Listener& listener) :
    slices_(*new net::Slices(poller)), poller_(poller), schedule_(schedule), listener_(listener) {}

Register::~Register() {
    poller_.bury(slices_);
    before_.clear();
    owners_.clear();
}

void Register::want(const core::Bind& owner, std::vector<CheckedBackend> backends) {
    jobs_.push_back({owner, std::move(backends)});
    work();
}

void Register::release() {
    held_ = false;
    work();
}

void Register::work() {
    if (held_ || slices_.busy() || jobs_.empty()) return;
    Job& job = jobs_.front();
    owner_ = owners_.try_emplace(job.owner).first;
    before_.swap(owner_->second);
    if (const auto enough = subjects_.size() + job.backends.size();
        job.backends.size() > before_.size()) {
        subjects_.reserve(enough);
    }
    slices_.run(
        job.backends.size() + before_.size(), [this](std::size_t index) { return step(index); },
        [this] { done(); });
}

// A subject that stays gets its new link before it loses the old one.
bool Register::step(std::size_t index) {
    std::vector<CheckedBackend>& backends = jobs_.front().backends;
    if (index < backends.size()) {
        add(std::move(backends[index]));
        return true;
    }
    Subject& subject = before_.front().subject;
    before_.pop_front();
    if (subject.links.empty()) remove(subject);
    return true;
}

void Register::done() {
    if (last_settings_) release_settings(*last_settings_);
    last_settings_.reset();
    last_check_ = nullptr;
    if (owner_->second.empty()) owners_.erase(owner_);
    jobs_.pop_front();
    work();
}

void Register::add(CheckedBackend watched) {
    const core::Check& check = *watched.check;
    if (check.type == core::CheckType::kOff) return;
    if (&check != last_check_) {
        const Settings::iterator settings = settings_of(check);
        if (last_settings_) release_settings(*last_settings_);
        last_settings_ = settings;
        last_check_ = &check;
    }
    const Settings::iterator settings = *last_settings_;
    balance::Backend& backend = *watched.backend;
    Subject* subject = find(backend.endpoint, settings);
    const bool is_new = subject == nullptr;
    if (is_new) {
        const auto state = backend.health().state() == balance::State::kUnhealthy
                               ? balance::State::kUnhealthy
                               : balance::State::kUnknown;
        const auto made = subjects_.emplace(
            std::piecewise_construct, std::forward_as_tuple(backend.endpoint),
            std::forward_as_tuple(schedule_, settings, state, core::Clock::now()));
        subject = &made->second;
        subject->endpoint = &made->first;
        ++settings->second;
    }
    Link& link = owner_->second.emplace_back(owner_->first, std::move(watched.backend), *subject);
    subject->links.push_back(link);
    if (is_new) {
        listener_.added(*subject);
    } else {
        listener_.joined(link);
    }
}

void Register::remove(Subject& subject) {
    listener_.removed(subject);
    const Settings::iterator settings = subject.settings;
    const auto [from, to] = subjects_.equal_range(*subject.endpoint);
    for (auto at = from; at != to; ++at) {
        if (&at->second != &subject) continue;
        subjects_.erase(at);
        break;
    }
    release_settings(settings);
}

Subject* Register::find(const core::Endpoint& endpoint, Settings::const_iterator settings) {
    const auto [from, to] = subjects_.equal_range(endpoint);
    for (auto at = from; at != to; ++at) {
        if (at->second.settings == settings) return &at->second;
    }
    return nullptr;
}

Settings::iterator Register::settings_of(const core::Check& check) {
    const auto at = settings_.try_emplace(check, 0).first;
    ++at->second;
    return at;
}

void Register::release_settings(Settings::iterator settings) {
    if (--settings->second == 0) settings_.erase(settings);
}

}  // namespace amba::health
