// Asio's epoll descriptor, which Asio keeps to itself.
//
// The poller waits on it beside its own descriptors. Polling the loop on a clock instead would wake
// an idle process, and leaving the wait to Asio costs two more system calls an event. An explicit
// instantiation may name a private member ([temp.spec.general]/6): should a newer Asio rename it,
// this file does not compile, and it is the one place to change.
#pragma once

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/io_context.hpp>

namespace amba::net {

namespace asio_epoll {

using Reactor = boost::asio::detail::epoll_reactor;
int descriptor(Reactor& reactor);

template <int Reactor::*kMember>
struct Reveal {
    friend int descriptor(Reactor& reactor) { return reactor.*kMember; }
};
template struct Reveal<&Reactor::epoll_fd_>;

}  // namespace asio_epoll

// Readable while one of the loop's descriptors or timers has something to do. The loop owns it.
inline int epoll_of(boost::asio::io_context& loop) {
    auto& reactor = boost::asio::use_service<asio_epoll::Reactor>(loop);
    reactor.init_task();  // the loop then polls its reactor from the first time on
    return asio_epoll::descriptor(reactor);
}

}  // namespace amba::net
