// Work beside the loop: reading, parsing and writing files must not stall connections.
//
// A job runs in a thread of its own, one at a time in the order given; its `done` runs in the loop,
// which the thread wakes through a descriptor (eventfd(2)).
// A job shares nothing with the loop but what it is handed and hands back. Between jobs there is no
// thread, so an idle ambassador pays nothing for it. Until go_beside() there is none at all: at
// start nothing is proxied that a job could stall, and an ambassador that never sees a second table
// spends no memory on a thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <thread>

namespace amba::net {

class Offload {
  public:
    // `nice`: of its threads (sched(7)); above 0, so that connections come first.
    explicit Offload(boost::asio::io_context& loop, int nice = 10);
    ~Offload() { stop(); }

    void run(std::function<void()> job, std::function<void()> done);
    // From now on jobs run beside the loop.
    void go_beside() { beside_ = true; }
    // A job has run beside the loop. Before, the process has one thread, and libc spares it its
    // locks and atomic counters: a job that is of no great use had better not be the first.
    bool has_had_a_thread() const { return had_thread_; }
    // Waits for the job that runs; later ones do not start, and no `done` is called.
    void stop();

  private:
    struct Task {
        std::function<void()> job;
        std::function<void()> done;
    };
    void start_next();
    void tell();  // from the thread
    void wait();
    void finished();

    boost::asio::posix::stream_descriptor told_;
    const int nice_;
    bool stopped_ = false;
    bool beside_ = false;
    bool had_thread_ = false;
    std::deque<Task> queue_;  // the front one is running when thread_ is joinable
    std::thread thread_;
};

}  // namespace amba::net
