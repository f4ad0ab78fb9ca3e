// Weighted round robin: whose turn it is, in O(log n).
//
// Earliest deadline first among those that are owed something (Tijdeman 1980, "The chairman
// assignment problem"; EEVDF in schedulers): after every turn each share is within one turn of what
// it is due. The better known smooth round robin takes the one that is owed most, which lets a
// share drift further when there are many, and looks at all of them each time.
//
// Pure: no clock, no randomness.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace amba::balance {

class Rotation {
  public:
    // Turns owed to a share (less than 0: it was ahead), in parts of 1/kWhole. The sum over all
    // shares is 0 at all times, which is what bounds each.
    using Credit = std::int64_t;
    static constexpr Credit kWhole = Credit{1} << 30;

    Rotation() = default;
    // Weights above 0. Shares are known by their place in this list.
    explicit Rotation(const std::vector<int>& weights);

    std::size_t next();  // of a rotation that is not empty

    // A share for which `usable` holds, drawn by weight, when the one whose turn it was could not
    // take it: the turns of others do not change. nullopt when there is none.
    std::optional<std::size_t> other(const std::function<bool(std::size_t)>& usable);

    Credit credit(std::size_t share) const;
    // Starts anew from what is owed. What the credits do not sum to 0 by is spread by weight: the
    // share of one that has left goes to all.
    void start_from(const std::vector<Credit>& credits);
    // Goes on as if so many turns had passed.
    void skip(std::uint64_t turns);
    // Starts anew with credits spread evenly over a turn: no two shares of a large rotation come
    // due at the same moment. Another `phase` is another order.
    void spread(std::uint64_t phase);

  private:
    struct Share {
        std::int64_t weight;
        std::int64_t given;  // turns had so far, in units of 1/total_ ; weight * turn_ is due
    };
    struct LaterDue;
    struct LaterDeadline;
    void restart(std::vector<std::int64_t> owed);
    std::int64_t due_at(const Share& share) const;
    bool before(std::size_t a, std::size_t b) const;
    void wait(std::size_t share);
    void make_ready(std::size_t share);

    std::vector<Share> shares_;
    std::int64_t total_ = 0;
    std::int64_t turn_ = 0;
    std::vector<std::uint32_t> waiting_;  // ahead of their share: a heap by the turn that is theirs
    std::vector<std::uint32_t> ready_;    // owed something: a heap by deadline
    std::vector<std::int64_t> sums_;      // of weights, for other(); made when first needed
    std::uint64_t draw_ = 0;
};

}  // namespace amba::balance
