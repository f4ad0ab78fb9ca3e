// Which ambassadors are to be replaced, and what becomes of those that were.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <set>

#include "amba/fleet/plan.hpp"

namespace amba::fleet {

namespace {

using namespace std::chrono_literals;

// Longer than a takeover may take.
constexpr std::int64_t kTrialUs = std::chrono::microseconds(2min).count();
// One that could not take over is kept that long, to be looked at, and then tried again.
constexpr std::int64_t kFailedUs = std::chrono::microseconds(10min).count();

bool on_trial(const docker::Container& container) {
    return !container.label(kReplacesLabel).empty() &&
           (container.restart_policy.empty() || container.restart_policy == "no");
}

const FleetContainer* replaced_by(const FleetContainer& successor,
                                  const std::vector<FleetContainer>& among) {
    const std::string& id = successor.container.label(kReplacesLabel);
    if (id.empty()) return nullptr;
    const auto found = std::find_if(among.begin(), among.end(), [&](const FleetContainer& one) {
        return one.site == successor.site && one.container.id.starts_with(id);
    });
    return found == among.end() ? nullptr : &*found;
}

// One on trial serves as soon as the other does not run: it has handed over, or died.
bool serves(const FleetContainer& successor, const FleetContainer* old) {
    if (!on_trial(successor.container)) return true;
    return successor.container.running() && (old == nullptr || !old->container.running());
}

}  // namespace

void set_aside(Picture& picture) {
    std::vector<std::string> ids;
    for (const FleetContainer& one : picture.ambassadors) {
        const FleetContainer* const old = replaced_by(one, picture.ambassadors);
        if (!serves(one, old))
            ids.push_back(one.container.id);
        else if (old != nullptr)
            ids.push_back(old->container.id);
    }
    const auto first_aside = std::stable_partition(
        picture.ambassadors.begin(), picture.ambassadors.end(), [&](const FleetContainer& one) {
            return std::find(ids.begin(), ids.end(), one.container.id) == ids.end();
        });
    std::move(first_aside, picture.ambassadors.end(), std::back_inserter(picture.aside));
    picture.ambassadors.erase(first_aside, picture.ambassadors.end());
}

FleetUpgrades upgrades(const Snapshot& snapshot, std::int64_t now_us) {
    FleetUpgrades out;
    std::set<std::size_t> failing;  // Engines whose image is not trusted
    for (const FleetContainer& one : snapshot.aside) {
        const docker::Container& container = one.container;
        const std::int64_t age_us = now_us - container.created_us;
        if (container.running()) {
            if (on_trial(container) && age_us > kTrialUs) out.proven.push_back(&one);
            continue;
        }
        const bool goes_on = replaced_by(one, snapshot.ambassadors) != nullptr;
        const bool is_kept = on_trial(container) && goes_on && !one.outdated && age_us < kFailedUs;
        if (is_kept)
            failing.insert(one.site);
        else
            out.finished.push_back(&one);
    }
    for (const FleetContainer& one : snapshot.ambassadors) {
        const docker::Container& container = one.container;
        if (!container.running()) continue;
        if (on_trial(container)) out.proven.push_back(&one);
        const bool has_successor = std::any_of(
            snapshot.aside.begin(), snapshot.aside.end(),
            [&](const auto& other) { return replaced_by(other, snapshot.ambassadors) == &one; });
        const bool may = !has_successor && !failing.contains(one.site);
        const bool is_of_compose = !container.label(kComposeProject).empty();
        if (one.outdated && may && !is_of_compose) out.outdated.push_back(&one);
    }
    return out;
}

}  // namespace amba::fleet
