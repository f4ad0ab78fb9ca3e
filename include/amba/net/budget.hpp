// Who may open how many descriptors of those that the process may have (RLIMIT_NOFILE,
// getrlimit(2)).
//
// Whoever opens one for a while asks here first, and waits or goes without when there is no room: a
// connection that is accepted must find a descriptor for its backend, or its client is reset where
// it could have waited in the kernel's queue. Each use has a share that nobody else can take, so
// that an ambassador whose clients hold all the rest still answers status, checks backends,
// resolves names and accepts a table, whatever the limit is:
//
//   connections  two each, the client's and the backend's; at least one has room
//   pipes        optional: without one bytes are copied
//   hedges       optional: without it the first connect is waited for
//   checks       two, and more where there is room to spare
//   admin        an eighth of the limit, at least 4 and at most 64, and never more
//   names        four; the sockets of c-ares are counted, not refused
//   listeners    counted; refused when the connections that are there need the rest
//
// The optional ones leave an eighth of what is to be had to connections. What is open for the whole
// life of the process, and files that are open for a moment, are set aside by measure().
//
// One for the process, used by its loop alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace amba::net {

class Budget {
  public:
    enum class Use : std::uint8_t {
        kConnections,
        kPipes,
        kHedges,
        kChecks,
        kAdmin,
        kNames,
        kListeners
    };
    static constexpr std::size_t kUses = 7;

    // `own`: descriptors that are open and are not counted here, now and for good.
    Budget(std::size_t limit, std::size_t own) { set(limit, own); }
    static Budget& of_process();

    // Sets it by the limit and the descriptors of this process as they are now.
    void measure();
    void set(std::size_t limit, std::size_t own);

    bool has_room(Use use, std::size_t count) const;
    // False: there is no room, and nothing was taken.
    bool take(Use use, std::size_t count);
    // Counts descriptors that exist already.
    void add(Use use, std::size_t count) { used(use) += count; }
    void give_back(Use use, std::size_t count) { used(use) -= count; }

    std::size_t in_use(Use use) const { return used_[static_cast<std::size_t>(use)]; }
    // Half of what connections could have is free.
    bool is_half_free() const;

  private:
    std::size_t& used(Use use) { return used_[static_cast<std::size_t>(use)]; }
    std::size_t share(Use use) const { return shares_[static_cast<std::size_t>(use)]; }
    std::size_t taken() const;

    std::size_t for_all_ = 0;  // what is to be had, shares included
    std::size_t spare_ = 0;    // what optional uses leave free
    std::array<std::size_t, kUses> shares_{};
    std::array<std::size_t, kUses> used_{};
};

// Descriptors of the process's budget, given back at its end.
class Reservation {
  public:
    Reservation() = default;
    // Empty when there is no room.
    static Reservation take(Budget::Use use, std::size_t count = 1) {
        return Budget::of_process().take(use, count) ? Reservation(use, count) : Reservation();
    }
    static Reservation add(Budget::Use use, std::size_t count = 1) {
        Budget::of_process().add(use, count);
        return Reservation(use, count);
    }
    ~Reservation() { reset(); }
    Reservation(Reservation&& other) noexcept :
        use_(other.use_), count_(std::exchange(other.count_, 0)) {}
    Reservation& operator=(Reservation&& other) noexcept {
        if (this == &other) return *this;
        reset();
        use_ = other.use_;
        count_ = std::exchange(other.count_, 0);
        return *this;
    }
    explicit operator bool() const { return count_ > 0; }
    void reset() { Budget::of_process().give_back(use_, std::exchange(count_, 0)); }

  private:
    Reservation(Budget::Use use, std::size_t count) : use_(use), count_(count) {}
    Budget::Use use_ = Budget::Use::kConnections;
    std::size_t count_ = 0;
};

// Descriptors that are open in this process, as /proc tells (proc(5)); 0: it does not.
std::size_t open_descriptors();

}  // namespace amba::net
