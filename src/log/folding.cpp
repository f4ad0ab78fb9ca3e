// Counts lines of a kind within a time; what is held back becomes one line at its end.
#include "log/folding.hpp"

#include <algorithm>
#include <utility>

namespace amba::log {

bool Folding::admit(Level level, std::string_view event, std::string_view frontend,
                    core::Time now) {
    if (level < Level::kInfo) return true;
    std::erase_if(crowds_, [now](const Crowd& crowd) {
        return crowd.until <= now && crowd.folded.count == 0;
    });
    const auto same = [&](const Crowd& crowd) {
        return crowd.folded.event == event && crowd.folded.frontend == frontend;
    };
    auto at = std::find_if(crowds_.begin(), crowds_.end(), same);
    if (at == crowds_.end()) {
        if (crowds_.size() == kMostCrowds) return true;
        crowds_.push_back(
            {now + kCrowdTime, 0, {level, std::string(event), std::string(frontend), 0}});
        at = std::prev(crowds_.end());
    }
    if (at->written < kCrowd) {
        ++at->written;
        return true;
    }
    at->folded.level = std::max(at->folded.level, level);
    if (at->folded.count++ == 0) ++folds_;
    return false;
}

std::vector<Folding::Folded> Folding::due(core::Time now) {
    std::vector<Folded> out;
    std::erase_if(crowds_, [&](Crowd& crowd) {
        if (crowd.until > now) return false;
        if (crowd.folded.count > 0) {
            out.push_back(std::move(crowd.folded));
            --folds_;
        }
        return true;
    });
    return out;
}

}  // namespace amba::log
