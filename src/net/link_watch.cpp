// One list of all links at start, and what the kernel tells of each from then on. When it had to
// drop messages, the list is asked for again.
#include "amba/net/link_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "amba/net/descriptor.hpp"

namespace amba::net {

namespace {

// A message of a link has its name, addresses and counters: less than 2 KB each; many come at once.
constexpr std::size_t kBuffer = 16 * 1024;

}  // namespace

LinkWatch::LinkWatch(boost::asio::io_context& loop, std::function<void()> changed) :
    netlink_(loop), changed_(std::move(changed)) {}

core::Result<void> LinkWatch::start() {
    Descriptor fd(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (!fd || bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return core::os_error("cannot watch the links of this network namespace", errno);
    }
    netlink_.assign(fd.release());
    if (!ask_for_all()) {
        const int code = errno;
        netlink_.close();
        return core::os_error("cannot list the links of this network namespace", code);
    }
    wait();
    return {};
}

bool LinkWatch::ask_for_all() {
    struct {
        nlmsghdr header;
        ifinfomsg link;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    listed_.clear();
    return send(netlink_.native_handle(), &request, sizeof request, 0) >= 0;
}

void LinkWatch::wait() {
    netlink_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                        [this](boost::system::error_code error) {
                            if (error) return;
                            const bool before = is_cut_off();
                            read();
                            wait();
                            if (is_cut_off() != before) changed_();
                        });
}

void LinkWatch::read() {
    alignas(nlmsghdr) char buffer[kBuffer];
    for (;;) {
        const ssize_t got =
            recv(netlink_.native_handle(), buffer, sizeof buffer, MSG_TRUNC | MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) continue;
        // netlink(7): messages were lost.
        const bool lost = got < 0 ? errno == ENOBUFS : got > static_cast<ssize_t>(sizeof buffer);
        if (lost) ask_for_all();
        if (lost) continue;
        if (got <= 0) return;
        auto left = static_cast<unsigned>(got);
        for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer);
             NLMSG_OK(message, left); message = NLMSG_NEXT(message, left))
            take(*message);
    }
}

void LinkWatch::take(const nlmsghdr& message) {
    if (message.nlmsg_type == NLMSG_DONE) {
        std::erase_if(links_, [this](int index) { return !listed_.contains(index); });
        return;
    }
    const bool gone = message.nlmsg_type == RTM_DELLINK;
    if (!gone && message.nlmsg_type != RTM_NEWLINK) return;
    if (message.nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) return;
    const auto& link = *static_cast<const ifinfomsg*>(NLMSG_DATA(&message));
    // A bridge tells of its ports as well, in a family of its own: they leave it, and not the
    // namespace.
    if (link.ifi_family != AF_UNSPEC || (link.ifi_flags & IFF_LOOPBACK) != 0) return;
    if (gone) {
        links_.erase(link.ifi_index);
        listed_.erase(link.ifi_index);
        return;
    }
    listed_.insert(link.ifi_index);
    if ((link.ifi_flags & IFF_UP) == 0) return;
    links_.insert(link.ifi_index);
    had_one_ = true;
}

}  // namespace amba::net
