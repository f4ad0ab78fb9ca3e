// Listening sockets that came from another process, until the first table of this one has taken
// what it needs of them.
//
// They are open files of both processes: whatever is set on one is set for both, and closing it
// here changes nothing there.
#pragma once

#include <unordered_map>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::proxy {

class InheritedSockets {
  public:
    void add(const core::Bind& bind, net::Descriptor fd) {
        sockets_.insert_or_assign(bind, std::move(fd));
    }
    // -1: there is none.
    int find(const core::Bind& bind) const;
    std::vector<int> overlapping(const core::Bind& bind) const;
    std::vector<core::Bind> all() const;
    void clear() { sockets_.clear(); }

  private:
    std::unordered_map<core::Bind, net::Descriptor, core::BindHash> sockets_;
};

}  // namespace amba::proxy
