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
    // An empty pipe, or one without descriptors when the kernel has none or only a small one to
    // give, which would be slower than copying.
    Pipe take();
    void give_back(Pipe pipe);  // empty
    void close_idle() { std::vector<Pipe>().swap(idle_); }
    std::size_t taken() const { return taken_; }  // so far

  private:
    static constexpr std::size_t kKept = 4;
    std::vector<Pipe> idle_;
    std::size_t taken_ = 0;
};

}  // namespace amba::proxy
