#include "loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace bench {

void fail(const std::string& what) {
    std::cerr << "bench_load: " << what << std::endl;
    std::exit(1);
}

int check(int result, const char* what) {
    if (result < 0) fail(std::string(what) + ": " + std::strerror(errno));
    return result;
}

Pollable::~Pollable() {
    ::close(fd_);
}

Loop::Loop() : epoll_(check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

Loop::~Loop() {
    ::close(epoll_);
}

void Loop::add(std::unique_ptr<Pollable> watched, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = watched.get();
    check(epoll_ctl(epoll_, EPOLL_CTL_ADD, watched->fd(), &event), "epoll_ctl");
    // From here on the loop owns it. What is left at the end ends with the program.
    (void)watched.release();
}

void Loop::run_until(Time end) {
    constexpr int kBatch = 256;
    epoll_event events[kBatch];
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) return;
        const int count =
            epoll_wait(epoll_, events, kBatch, static_cast<int>(std::min<long>(left, 100)));
        for (int i = 0; i < count; ++i) {
            auto* watched = static_cast<Pollable*>(events[i].data.ptr);
            if (!watched->ready(events[i].events)) delete watched;
        }
    }
}

}  // namespace bench
