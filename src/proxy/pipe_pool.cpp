// Pipes of the size that makes splice(2) pay, or none.
#include "proxy/pipe_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "amba/net/budget.hpp"

namespace amba::proxy {

namespace {

constexpr int kWanted = 1 << 20;
constexpr int kLeast = 1 << 16;
constexpr std::size_t kEnds = 2;

using Use = net::Budget::Use;
net::Budget& budget() {
    return net::Budget::of_process();
}

}  // namespace

Pipe PipePool::take() {
    ++taken_;
    if (!idle_.empty()) {
        Pipe pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    Pipe pipe;
    if (!budget().take(Use::kPipes, kEnds)) return pipe;
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
        budget().give_back(Use::kPipes, kEnds);
        return pipe;
    }
    pipe = {net::Descriptor(ends[0]), net::Descriptor(ends[1]), 0};
    int size = fcntl(ends[1], F_SETPIPE_SZ, kWanted);
    if (size < 0) size = fcntl(ends[1], F_GETPIPE_SZ);
    if (size < kLeast) {
        close(std::move(pipe));
        return {};
    }
    pipe.capacity = static_cast<std::size_t>(size);
    return pipe;
}

void PipePool::give_back(Pipe pipe) {
    if (idle_.size() < kKept)
        idle_.push_back(std::move(pipe));
    else
        close(std::move(pipe));
}

void PipePool::close(Pipe pipe) {
    pipe.read.reset();
    pipe.write.reset();
    budget().give_back(Use::kPipes, kEnds);
}

void PipePool::close_idle() {
    for (Pipe& pipe : idle_)
        close(std::move(pipe));
    std::vector<Pipe>().swap(idle_);
}

}  // namespace amba::proxy
