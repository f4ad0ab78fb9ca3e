// Deadlines: many moments, one timer.
//
// A Deadline is a node inside the object that waits, so setting and clearing one allocates nothing
// and makes no system call; a timer is set only when a deadline is earlier than the one it waits
// for. Nothing wakes the process while no deadline is set.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/set.hpp>

#include "amba/core/duration.hpp"

namespace amba::net {

class Deadline : public boost::intrusive::set_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>,
                     boost::intrusive::optimize_size<true>> {
  public:
    virtual void on_deadline() = 0;

    bool armed() const { return is_linked(); }
    void clear() { unlink(); }
    core::Time when() const { return when_; }

  protected:
    Deadline() = default;
    ~Deadline() = default;  // clears itself

  private:
    friend class Deadlines;
    friend bool operator<(const Deadline& a, const Deadline& b) { return a.when_ < b.when_; }
    core::Time when_{};
};

class Deadlines {
  public:
    explicit Deadlines(boost::asio::io_context& loop);

    // Calls deadline.on_deadline() once at `when` or up to a few milliseconds later; an earlier
    // setting of the same deadline is forgotten.
    void set(Deadline& deadline, core::Time when);

  private:
    void arm();
    void fire();

    boost::asio::steady_timer timer_;
    core::Time armed_for_ = core::Time::max();
    boost::intrusive::multiset<Deadline, boost::intrusive::constant_time_size<false>> waiting_;
};

}  // namespace amba::net
