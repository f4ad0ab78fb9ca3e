// MessageChannel: texts and open descriptors between two processes, over a connected UNIX socket
// (unix(7), SCM_RIGHTS).
//
// Calls block, each until its time, so they belong to a thread beside the loop, or to a process
// whose loop does not run yet. A call that has failed leaves a channel that is of no more use.
#pragma once

#include <atomic>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"

namespace amba::net {

class MessageChannel {
  public:
    explicit MessageChannel(Descriptor socket);

    core::Result<void> send(std::string_view text, core::Time until);
    // A text of at most so many bytes.
    core::Result<std::string> receive(std::size_t at_most, core::Time until);

    // Copies of these, which are open files in both processes then; the receiver asks for as many.
    core::Result<void> send_descriptors(std::span<const int> all, core::Time until);
    core::Result<std::vector<Descriptor>> receive_descriptors(std::size_t count, core::Time until);

    // The other end has closed it, as when its process has ended.
    bool has_ended() const { return ended_; }
    // Any thread: a call that waits fails soon.
    void cancel() { cancelled_ = true; }

  private:
    core::Result<void> wait(short events, core::Time until);
    core::Result<void> send_bytes(std::string_view bytes, core::Time until);
    core::Result<void> receive_bytes(std::span<char> bytes, core::Time until);

    Descriptor socket_;
    bool ended_ = false;
    std::atomic<bool> cancelled_ = false;
};

}  // namespace amba::net
