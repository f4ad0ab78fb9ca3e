// The poller: a private edge-triggered epoll for everything on a connection's way, and the wait of
// the whole thread. The Asio loop (timers, names, signals, files, HTTP) is one descriptor in it and
// is run when it has something to do.
//
// Why not async_wait for each socket: it costs an epoll_ctl per wait, and a pending operation costs
// ten times the memory of a registration here (1.1 KiB against 0.1 KiB per idle connection). Why
// not the other way round, this epoll as one descriptor of Asio's: every event then costs two waits
// more, 11-19 % of the CPU of a short connection and 12 % of the latency of a lone one.
//
// Code that runs here may set timers, but what it posts to the loop only runs when the loop is next
// woken; another thread must wake it by a descriptor (see Offload).
//
// Lifetime: an object that is registered must not be deleted while a batch of events may still name
// it. It calls bury() and is deleted after the batch. Closing a descriptor unregisters it, but its
// events may have been fetched already: an owner that lives on says forget(), or it would take them
// for events of the next descriptor that it registers in that slot.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"

struct epoll_event;

namespace amba::net {

// Something with descriptors in a Poller. `slot` (0-7) tells several descriptors of one object
// apart; `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR.
class alignas(8) Pollable {
  public:
    virtual void on_ready(unsigned slot, std::uint32_t events);  // nothing
    // Called when Poller::again() has asked for it.
    virtual void on_again() {}

    Pollable(const Pollable&) = delete;
    Pollable& operator=(const Pollable&) = delete;

  protected:
    friend class Poller;
    Pollable() = default;
    virtual ~Pollable() = default;
    bool buried() const { return buried_; }

  private:
    bool buried_ = false;
    bool again_ = false;
};

class Poller {
  public:
    explicit Poller(boost::asio::io_context& loop);
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    // Runs everything, the loop's handlers too, until the loop is stopped or has nothing left to
    // wait for, or until `end` (to a millisecond).
    void run(core::Time end = core::Time::max());

    // Edge-triggered: the owner reads and writes until EAGAIN. False when the kernel refuses, errno
    // then says why (ENOMEM, ENOSPC).
    bool add(int fd, Pollable& owner, unsigned slot, std::uint32_t events);
    // Level-triggered: told again in every round until it is not ready any more.
    bool add_level(int fd, Pollable& owner, unsigned slot, std::uint32_t events);
    void remove(int fd);
    // A descriptor in that slot was closed while its owner lives on: of the batch that is being
    // told, none of its events is told any more. Of use right after the close, before the slot is
    // used again.
    void forget(const Pollable& owner, unsigned slot);
    // Calls owner.on_again() in a later round of this turn or the next: for work that was cut short
    // to let others have their turn.
    void again(Pollable& owner);
    // Deletes `owner` once no event can name it any more. It gets no further call.
    void bury(Pollable& owner);

    // The time of the current batch; exact to the length of one batch.
    core::Time now() const { return now_; }
    void refresh_now() { now_ = core::Clock::now(); }
    // Counts batches.
    std::uint64_t rounds() const { return rounds_; }

  private:
    int wait_time(core::Time end) const;  // milliseconds, -1: for ever
    bool round(int wait);                 // true when the loop has something to do
    void run_again();
    void reap();

    boost::asio::io_context& loop_;
    Descriptor epoll_;
    core::Time now_ = core::Clock::now();
    std::uint64_t rounds_ = 0;
    std::span<epoll_event> untold_;  // of the batch that is being told
    std::vector<Pollable*> again_;
    std::vector<Pollable*> again_now_;
    std::vector<Pollable*> buried_;
    std::vector<Pollable*> dead_;  // those being deleted
};

}  // namespace amba::net
