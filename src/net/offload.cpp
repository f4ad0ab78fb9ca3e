#include "amba/net/offload.hpp"

#include <signal.h>

#include <boost/asio/post.hpp>
#include <system_error>

namespace amba::net {

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
    // Signals belong to the loop's thread.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
        thread_ = std::thread([this, job = &queue_.front().job] {
            (*job)();
            boost::asio::post(loop_, [this] { finished(); });
        });
    } catch (const std::system_error&) {
        // No thread to be had (a pids limit): better a loop that waits than no answer.
        queue_.front().job();
        boost::asio::post(loop_, [this] { finished(); });
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
