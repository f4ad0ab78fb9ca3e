// The poller: a private edge-triggered epoll for everything on a connection's way, seen by the
// Asio loop as one descriptor. Asio runs timers, names, signals, files and HTTP beside it.
//
// Why not async_wait for each socket: it costs an epoll_ctl per wait, and a pending operation costs
// ten times the memory of a registration here (1.1 KiB against 0.1 KiB per idle connection).
//
// Lifetime: an object that is registered must not be deleted while a batch of events may still name
// it. It calls bury() and is deleted after the batch. Closing a descriptor unregisters it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"

namespace amba::net {

// Something with descriptors in a Poller. `slot` (0-7) tells several descriptors of one object
// apart; `events` are EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR.
class alignas(8) Pollable {
  public:
    virtual void on_ready(unsigned slot, std::uint32_t events) = 0;
    // Asked for with Poller::again().
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

    // Edge-triggered: the owner reads and writes until EAGAIN. False when the kernel refuses, errno
    // then says why (ENOMEM, ENOSPC).
    bool add(int fd, Pollable& owner, unsigned slot, std::uint32_t events);
    // Calls owner.on_again() in a later round of this turn or the next: for work that was cut short
    // to let others have their turn.
    void again(Pollable& owner);
    // Deletes `owner` once no event can name it any more. It gets no further call.
    void bury(Pollable& owner);

    // The time of the current batch; exact to the length of one batch.
    core::Time now() const { return now_; }
    void refresh_now() { now_ = core::Clock::now(); }

  private:
    void wait();
    void turn();
    void ask_for_turn();
    void run_again();
    void reap();

    boost::asio::io_context& loop_;
    boost::asio::posix::stream_descriptor epoll_;
    core::Time now_ = core::Clock::now();
    bool turning_ = false;
    std::vector<Pollable*> again_;
    std::vector<Pollable*> again_now_;
    std::vector<Pollable*> buried_;
};

}  // namespace amba::net
