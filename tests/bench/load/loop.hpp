// The load generator's loop: one thread, level-triggered epoll, no library, so that its own cost is
// the same beside every proxy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

// An end of a connection, or a listener. Owns its descriptor.
class Pollable {
  public:
    explicit Pollable(int fd) : fd_(fd) {}
    virtual ~Pollable();
    Pollable(const Pollable&) = delete;
    Pollable& operator=(const Pollable&) = delete;

    // Called for its events. False when it is over: the loop then deletes it.
    virtual bool ready(std::uint32_t events) = 0;
    int fd() const { return fd_; }

  private:
    int fd_;
};

class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void add(std::unique_ptr<Pollable> watched, std::uint32_t events);
    void run_until(Time end);

  private:
    int epoll_;
};

// Ends the program with what failed and why.
[[noreturn]] void fail(const std::string& what);
// The same when `result` is negative.
int check(int result, const char* what);

}  // namespace bench
