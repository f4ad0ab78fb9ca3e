#include "proxy/pipe_pool.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace amba::proxy {

namespace {

constexpr int kWanted = 1 << 20;
constexpr int kLeast = 1 << 16;

}  // namespace

Pipe PipePool::take() {
    ++taken_;
    if (!idle_.empty()) {
        Pipe pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
    Pipe pipe{net::Descriptor(ends[0]), net::Descriptor(ends[1]), 0};
    int size = fcntl(ends[1], F_SETPIPE_SZ, kWanted);
    if (size < 0) size = fcntl(ends[1], F_GETPIPE_SZ);
    if (size < kLeast) return {};
    pipe.capacity = static_cast<std::size_t>(size);
    return pipe;
}

void PipePool::give_back(Pipe pipe) {
    if (idle_.size() < kKept) idle_.push_back(std::move(pipe));
}

}  // namespace amba::proxy
