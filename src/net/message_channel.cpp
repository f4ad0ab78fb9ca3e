// A text is its length and its bytes; descriptors come in batches, each with one byte, and each is
// acknowledged, since the kernel limits how many may be on their way (unix(7), ETOOMANYREFS).
#include "amba/net/message_channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace amba::net {

using core::Result;

namespace {

constexpr std::size_t kBatch = 250;  // unix(7): SCM_MAX_FD is 253
constexpr core::Duration kLookEvery{20};
constexpr char kDescriptors = 'd';
constexpr char kTaken = 't';

// The control message of a batch.
union Control {
    cmsghdr head;  // for its alignment
    char bytes[CMSG_SPACE(kBatch * sizeof(int))];
};

bool is_later(int code) {
    return code == EAGAIN || code == EINTR;
}

}  // namespace

MessageChannel::MessageChannel(Descriptor socket) : socket_(std::move(socket)) {
    const int flags = ::fcntl(socket_.get(), F_GETFL);
    ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
}

Result<void> MessageChannel::wait(short events, core::Time until) {
    while (true) {
        if (cancelled_) return core::error("it is given up");
        const auto left = std::chrono::ceil<core::Duration>(until - core::Clock::now());
        if (left.count() <= 0) return core::error("the other side has not answered in time");
        pollfd one{socket_.get(), events, 0};
        if (::poll(&one, 1, static_cast<int>(std::min(left, kLookEvery).count())) == 1) return {};
    }
}

Result<void> MessageChannel::send_bytes(std::string_view bytes, core::Time until) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
            continue;
        }
        if (!is_later(errno)) {
            ended_ = errno == EPIPE || errno == ECONNRESET;
            return core::os_error("cannot send", errno);
        }
        if (const auto ready = wait(POLLOUT, until); !ready) return ready;
    }
    return {};
}

Result<void> MessageChannel::receive_bytes(std::span<char> bytes, core::Time until) {
    while (!bytes.empty()) {
        const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (got > 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(got));
            continue;
        }
        if (got == 0 || errno == ECONNRESET) {
            ended_ = true;
            return core::error("the other side has ended");
        }
        if (!is_later(errno)) return core::os_error("cannot receive", errno);
        if (const auto ready = wait(POLLIN, until); !ready) return ready;
    }
    return {};
}

Result<void> MessageChannel::send(std::string_view text, core::Time until) {
    const std::uint64_t length = text.size();
    std::array<char, sizeof length> head{};
    std::memcpy(head.data(), &length, sizeof length);
    if (const auto sent = send_bytes({head.data(), head.size()}, until); !sent) return sent;
    return send_bytes(text, until);
}

Result<std::string> MessageChannel::receive(std::size_t at_most, core::Time until) {
    std::uint64_t length = 0;
    std::array<char, sizeof length> head{};
    if (const auto got = receive_bytes(head, until); !got) return got.error();
    std::memcpy(&length, head.data(), sizeof length);
    if (length > at_most) {
        return core::error("a message of " + std::to_string(length) + " bytes; expected at most " +
                           std::to_string(at_most));
    }
    std::string text(length, '\0');
    if (const auto got = receive_bytes(text, until); !got) return got.error();
    return text;
}

Result<void> MessageChannel::send_descriptors(std::span<const int> all, core::Time until) {
    while (!all.empty()) {
        const auto batch = all.first(std::min(all.size(), kBatch));
        char what = kDescriptors;
        iovec data{&what, 1};
        Control control{};
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(batch.size_bytes());
        cmsghdr* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(batch.size_bytes());
        std::memcpy(CMSG_DATA(head), batch.data(), batch.size_bytes());
        if (::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) != 1) {
            if (!is_later(errno)) return core::os_error("cannot send descriptors", errno);
            if (const auto ready = wait(POLLOUT, until); !ready) return ready;
            continue;
        }
        all = all.subspan(batch.size());
        std::array<char, 1> answer{};
        if (const auto got = receive_bytes(answer, until); !got) return got;
        if (answer[0] != kTaken) return core::error("descriptors were not taken");
    }
    return {};
}

Result<std::vector<Descriptor>> MessageChannel::receive_descriptors(std::size_t count,
                                                                    core::Time until) {
    std::vector<Descriptor> out;
    while (out.size() < count) {
        char what = 0;
        iovec data{&what, 1};
        Control control{};
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        const ssize_t got = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
        if (got < 0 && is_later(errno)) {
            if (const auto ready = wait(POLLIN, until); !ready) return ready.error();
            continue;
        }
        if (got < 0) return core::os_error("cannot receive descriptors", errno);
        const std::size_t before = out.size();
        for (cmsghdr* at = CMSG_FIRSTHDR(&message); at != nullptr; at = CMSG_NXTHDR(&message, at)) {
            if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS) continue;
            for (std::size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= at->cmsg_len; ++i) {
                int fd = -1;
                std::memcpy(&fd, CMSG_DATA(at) + i * sizeof fd, sizeof fd);
                out.emplace_back(fd);
            }
        }
        // recvmsg(2): what did not fit is lost, as where there are no more descriptors.
        if ((message.msg_flags & MSG_CTRUNC) != 0) {
            return core::error("there are not as many descriptors (ulimit -n)");
        }
        if (got == 0 || what != kDescriptors || out.size() == before) {
            ended_ = got == 0;
            return core::error("the other side has ended");
        }
        if (const auto sent = send_bytes({&kTaken, 1}, until); !sent) return sent.error();
    }
    if (out.size() > count) return core::error("more descriptors than were announced");
    return out;
}

}  // namespace amba::net
