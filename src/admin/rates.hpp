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
    // What the status says beside the one before it. Same order as its frontends.
    std::vector<FrontendRates> take(const Status& status, core::Time now);

  private:
    struct Counters {
        std::uint64_t connections = 0;
        std::uint64_t up = 0;
        std::uint64_t down = 0;
    };
    // By names; of equal ones the first, the second... are told apart.
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
