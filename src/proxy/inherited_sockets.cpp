// Which sockets of another process are there, by their addresses.
#include "amba/proxy/inherited_sockets.hpp"

namespace amba::proxy {

int InheritedSockets::find(const core::Bind& bind) const {
    const auto found = sockets_.find(bind);
    return found == sockets_.end() ? -1 : found->second.get();
}

std::vector<int> InheritedSockets::overlapping(const core::Bind& bind) const {
    std::vector<int> out;
    for (const auto& [at, fd] : sockets_) {
        if (at.overlaps(bind)) out.push_back(fd.get());
    }
    return out;
}

std::vector<core::Bind> InheritedSockets::all() const {
    std::vector<core::Bind> out;
    out.reserve(sockets_.size());
    for (const auto& [at, fd] : sockets_)
        out.push_back(at);
    return out;
}

}  // namespace amba::proxy
