// The backends that a connection has tried in vain, in the form that balance::PickQuery wants.
//
// Each is owned: a swap may take a backend out of the table while a connection still remembers it.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "amba/balance/pool.hpp"

namespace amba::proxy {

class TriedBackends {
  public:
    TriedBackends() = default;
    ~TriedBackends() { clear(); }
    TriedBackends(const TriedBackends&) = delete;
    TriedBackends& operator=(const TriedBackends&) = delete;

    void add(balance::Backend& backend) {
        list_.push_back(&backend);
        intrusive_ptr_add_ref(&backend);
    }
    // False: it was not one of them.
    bool remove(const balance::Backend& backend) {
        const auto at = std::find(list_.begin(), list_.end(), &backend);
        if (at == list_.end()) return false;
        balance::Backend* const gone = *at;
        list_.erase(at);
        intrusive_ptr_release(gone);
        return true;
    }
    void clear() {
        for (balance::Backend* backend : list_)
            intrusive_ptr_release(backend);
        list_.clear();
    }
    std::span<balance::Backend* const> list() const { return list_; }

  private:
    std::vector<balance::Backend*> list_;
};

}  // namespace amba::proxy
