// The links of this process's network namespace (rtnetlink(7)): is there one left that leads out of
// it?
//
// A container's namespace lives on while a process of another container is in it, and its link, one
// half of a veth(4) pair, is removed with the container: only the loopback interface is left then.
// Links that were never up do not count: where the modules are loaded, each namespace has tunnels
// of the kernel's own (tunl0, sit0, gretap0), which nobody uses. So a namespace that never had a
// link that was up is not cut off; it is one without a network.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <set>

#include "amba/core/result.hpp"

struct nlmsghdr;

namespace amba::net {

class LinkWatch {
  public:
    // `changed` is called, from the loop, when is_cut_off() has another answer.
    LinkWatch(boost::asio::io_context& loop, std::function<void()> changed);

    // Once. The error says why nothing is watched: is_cut_off() stays false then.
    core::Result<void> start();
    // There was a link that was up, and all such have left.
    bool is_cut_off() const { return had_one_ && links_.empty(); }

  private:
    bool ask_for_all();
    void wait();
    void read();
    void take(const nlmsghdr& message);

    boost::asio::posix::stream_descriptor netlink_;
    std::function<void()> changed_;
    bool had_one_ = false;
    std::set<int> links_;   // that are there, and were up at some time; by their index
    std::set<int> listed_;  // by the answer that is under way
};

}  // namespace amba::net
