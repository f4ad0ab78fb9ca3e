// Pipes for splice(2), shared by all connections.
//
// A pipe belongs to a pump only while bytes are in it, and never comes back with bytes inside. Few
// are kept: the kernel counts their pages against the user (pipe(7), pipe-user-pages-soft), and
// all ambassadors of a host run as one user.
#pragma once

#include <cstddef>
#include <vector>

#include "amba/net/descriptor.hpp"

namespace amba::proxy {

struct Pipe {
    net::Descriptor read;
    net::Descriptor write;
    std::size_t capacity = 0;  // bytes
};

class PipePool {
  public:
    PipePool() = default;
    ~PipePool() { close_idle(); }
    PipePool(const PipePool&) = delete;
    PipePool& operator=(const PipePool&) = delete;

    // An empty pipe, or one without descriptors when there are none to spare for it (net::Budget),
    // or the kernel has only a small one to give, which would be slower than copying.
    Pipe take();
    void give_back(Pipe pipe);  // empty
    void close(Pipe pipe);
    void close_idle();
    std::size_t taken() const { return taken_; }  // so far

  private:
    static constexpr std::size_t kKept = 4;
    std::vector<Pipe> idle_;
    std::size_t taken_ = 0;
};

}  // namespace amba::proxy
