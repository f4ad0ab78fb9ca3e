// Which frontend has an address, and which ones overlap it.
#include "proxy/frontend_index.hpp"

#include <algorithm>

#include "proxy/frontend.hpp"

namespace amba::proxy {

void FrontendIndex::add(Frontend& frontend) {
    const core::Bind& bind = frontend.settings().bind;
    by_bind_.emplace(bind, &frontend);
    if (bind.wide()) wide_.emplace(bind.endpoint.port, &frontend);
}

void FrontendIndex::remove(Frontend& frontend) {
    retired_.erase(&frontend);
    by_bind_.erase(frontend.settings().bind);
    std::erase_if(wide_, [&](const auto& at) { return at.second == &frontend; });
}

Frontend* FrontendIndex::find(const core::Bind& bind) const {
    const auto found = by_bind_.find(bind);
    return found == by_bind_.end() ? nullptr : found->second;
}

std::vector<Frontend*> FrontendIndex::all() const {
    std::vector<Frontend*> out;
    out.reserve(by_bind_.size());
    for (const auto& [bind, frontend] : by_bind_)
        out.push_back(frontend);
    return out;
}

std::vector<Frontend*> FrontendIndex::overlapping(const core::Bind& bind) const {
    std::vector<Frontend*> out;
    const auto add = [&](const auto& at) {
        if (at.second->settings().bind.overlaps(bind)) out.push_back(at.second);
    };
    if (bind.wide()) {
        std::for_each(by_bind_.begin(), by_bind_.end(), add);
        return out;
    }
    const auto [from, to] = wide_.equal_range(bind.endpoint.port);
    std::for_each(from, to, add);
    if (Frontend* same = find(bind)) out.push_back(same);
    return out;
}

}  // namespace amba::proxy
