// first: the first share in the order of the table that has room (maxconn), so that few servers
// work and the rest can be switched off.
#include "balance/policies.hpp"
#include "balance/tournament.hpp"

namespace amba::balance {

namespace {

class First final : public Policy {
  public:
    explicit First(const Shares& shares) : shares_(shares) {
        const auto ready = [this](std::size_t i) {
            return shares_[i].ready();
        };
        tree_.rebuild(shares_.size(), kOrder, ready);
    }

    std::optional<std::size_t> pick(std::uint64_t, const Filter& may_take) override {
        return may_take ? tree_.best_of(kOrder, may_take) : tree_.best();
    }
    void changed(std::size_t i) override { tree_.update(i, shares_[i].ready(), kOrder); }

  private:
    static constexpr std::less<std::size_t> kOrder{};
    const Shares& shares_;
    Tournament tree_;
};

}  // namespace

std::unique_ptr<Policy> make_first(const Shares& shares) {
    return std::make_unique<First>(shares);
}

}  // namespace amba::balance
