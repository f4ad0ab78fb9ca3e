// Work beside the loop: reading, parsing and writing files must not stall connections.
//
// A job runs in a thread of its own, one at a time in the order given; its `done` runs in the loop.
// A job shares nothing with the loop but what it is handed and hands back. Between jobs there is no
// thread, so an idle ambassador pays nothing for it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <thread>

namespace amba::net {

class Offload {
  public:
    explicit Offload(boost::asio::io_context& loop) : loop_(loop) {}
    ~Offload() { stop(); }

    void run(std::function<void()> job, std::function<void()> done);
    // Waits for the job that runs; later ones do not start, and no `done` is called.
    void stop();

  private:
    struct Task {
        std::function<void()> job;
        std::function<void()> done;
    };
    void start_next();
    void finished();

    boost::asio::io_context& loop_;
    bool stopped_ = false;
    std::deque<Task> queue_;  // the front one is running when thread_ is joinable
    std::thread thread_;
};

}  // namespace amba::net
