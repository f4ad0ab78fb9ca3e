// Rates between two reports, and the last of them for each frontend.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "amba/admin/status.hpp"
#include "amba/core/duration.hpp"

namespace amba::admin {

// By the second. A rate below 0 is not known yet.
struct RowRate {
    float connections = -1;
    float up = -1;  // bytes
    float down = -1;
};

inline constexpr std::size_t kHistory = 60;

// Of a frontend: newest last, at most kHistory.
struct History {
    std::vector<float> connections;
    std::vector<float> bytes;  // both directions
};

struct FrontendRates {
    RowRate rate;
    History history;
    std::vector<RowRate> backends;  // in the status's order
};

class Rates {
  public:
    // The rates between the last status and this one, in the order of its frontends.
    std::vector<FrontendRates> take(const Status& status, core::Time now);

  private:
    struct Counters {
        std::uint64_t connections = 0;
        std::uint64_t up = 0;
        std::uint64_t down = 0;
    };
    // Found by name; what has the same name is told apart by its order.
    template <class Value>
    using ByName = std::unordered_map<std::string, Value>;
    RowRate between(const std::string& name, const Counters& now, double seconds,
                    ByName<Counters>& seen);

    std::string daemon_;
    core::Time before_;
    bool any_ = false;
    ByName<Counters> counters_;
    ByName<History> histories_;
};

}  // namespace amba::admin
