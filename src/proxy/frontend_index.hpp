// All frontends that live, by their addresses: those of the table, and those that are out of it and
// have connections left. Each adds itself when it is made and removes itself when it ends.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "amba/core/bind.hpp"

namespace amba::proxy {

class Frontend;

class FrontendIndex {
  public:
    void add(Frontend& frontend);
    void remove(Frontend& frontend);
    // Out of the table, or in it again. A frontend that is removed is neither.
    void retire(Frontend& frontend) { retired_.insert(&frontend); }
    void take_back(Frontend& frontend) { retired_.erase(&frontend); }

    Frontend* find(const core::Bind& bind) const;  // nullptr: there is none
    std::vector<Frontend*> all() const;
    // Those that listen on an address which `bind` includes, or which includes it.
    std::vector<Frontend*> overlapping(const core::Bind& bind) const;
    const std::unordered_set<Frontend*>& retired() const { return retired_; }

  private:
    std::unordered_map<core::Bind, Frontend*, core::BindHash> by_bind_;
    // Of these the ones on every address, by port: they alone overlap others.
    std::unordered_multimap<std::uint16_t, Frontend*> wide_;
    std::unordered_set<Frontend*> retired_;
};

}  // namespace amba::proxy
