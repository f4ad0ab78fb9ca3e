// One thread at a time, joined by the loop when it is done.
#include "amba/net/offload.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace amba::net {

namespace {

int make_event() {
    const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    return fd;
}

// Where the loop and a job share a CPU, connections come first: Linux has a nice value for each
// thread (sched(7)).
void give_way(int nice) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice);
}

}  // namespace

Offload::Offload(boost::asio::io_context& loop, int nice) : told_(loop, make_event()), nice_(nice) {
    wait();
}

void Offload::tell() {
    (void)eventfd_write(told_.native_handle(), 1);
}

void Offload::wait() {
    told_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                         if (error) return;
                         eventfd_t jobs = 0;
                         if (eventfd_read(told_.native_handle(), &jobs) == 0) finished();
                         wait();
                     });
}

void Offload::stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
}

void Offload::run(std::function<void()> job, std::function<void()> done) {
    if (stopped_) return;
    queue_.push_back({std::move(job), std::move(done)});
    if (queue_.size() == 1) start_next();
}

void Offload::start_next() {
    if (!beside_) {
        queue_.front().job();
        return tell();
    }
    // Signals belong to the loop's thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        thread_ = std::thread([this, job = &queue_.front().job] {
            give_way(nice_);
            (*job)();
            tell();
        });
        had_thread_ = true;
    } catch (const std::system_error&) {
        // There is no thread to be had (a pids limit): a loop that waits is better than no answer.
        queue_.front().job();
        tell();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Offload::finished() {
    if (thread_.joinable()) thread_.join();
    const std::function<void()> done = std::move(queue_.front().done);
    queue_.pop_front();
    if (!queue_.empty()) start_next();
    if (done) done();
}

}  // namespace amba::net
