// What stands in the place of recv(2), send(2), splice(2) and the other calls of a connection.
#include "support/system_calls.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>

namespace amba::test {

namespace {

constexpr int kAnyDescriptor = -1;
SystemCalls* g_calls = nullptr;

bool fails(const Fault* fault) {
    if (fault == nullptr || fault->error == 0) return false;
    errno = fault->error;
    return true;
}

std::size_t size_of(const Fault* fault, std::size_t asked) {
    return fault == nullptr ? asked : std::min(asked, fault->at_most);
}

}  // namespace

const char* to_string(Call call) {
    switch (call) {
        case Call::kRecv: return "recv";
        case Call::kSend: return "send";
        case Call::kSpliceIn: return "splice from a socket";
        case Call::kSpliceOut: return "splice to a socket";
        case Call::kShutdown: return "shutdown";
        case Call::kPipe: return "pipe2";
        case Call::kSocket: return "socket";
        case Call::kConnect: return "connect";
        case Call::kAccept: return "accept4";
        case Call::kWatch: return "epoll_ctl";
        case Call::kCount_: break;
    }
    return "";
}

SystemCalls::SystemCalls(Fault fault) : fault_(fault) {
    g_calls = this;
}

SystemCalls::~SystemCalls() {
    g_calls = nullptr;
}

const Fault* SystemCalls::of(Call call, int fd) {
    if (g_calls == nullptr) return nullptr;
    if (fd != kAnyDescriptor && !g_calls->watched_.contains(fd)) return nullptr;
    const unsigned number = g_calls->seen_[static_cast<unsigned>(call)]++;
    const Fault& fault = g_calls->fault_;
    return fault.call == call && fault.nth == number ? &fault : nullptr;
}

}  // namespace amba::test

using amba::test::Call;
using amba::test::fails;
using amba::test::Fault;
using amba::test::kAnyDescriptor;
using amba::test::size_of;
using amba::test::SystemCalls;

extern "C" {

ssize_t __real_recv(int fd, void* buffer, std::size_t size, int flags);
ssize_t __wrap_recv(int fd, void* buffer, std::size_t size, int flags) {
    const Fault* fault = SystemCalls::of(Call::kRecv, fd);
    return fails(fault) ? -1 : __real_recv(fd, buffer, size_of(fault, size), flags);
}

ssize_t __real_send(int fd, const void* bytes, std::size_t size, int flags);
ssize_t __wrap_send(int fd, const void* bytes, std::size_t size, int flags) {
    const Fault* fault = SystemCalls::of(Call::kSend, fd);
    return fails(fault) ? -1 : __real_send(fd, bytes, size_of(fault, size), flags);
}

ssize_t __real_splice(int in, off64_t* in_at, int out, off64_t* out_at, std::size_t size,
                      unsigned flags);
ssize_t __wrap_splice(int in, off64_t* in_at, int out, off64_t* out_at, std::size_t size,
                      unsigned flags) {
    const Fault* fault = SystemCalls::of(Call::kSpliceIn, in);
    if (fault == nullptr) fault = SystemCalls::of(Call::kSpliceOut, out);
    return fails(fault) ? -1 : __real_splice(in, in_at, out, out_at, size_of(fault, size), flags);
}

int __real_shutdown(int fd, int how);
int __wrap_shutdown(int fd, int how) {
    return fails(SystemCalls::of(Call::kShutdown, fd)) ? -1 : __real_shutdown(fd, how);
}

int __real_pipe2(int* ends, int flags);
int __wrap_pipe2(int* ends, int flags) {
    return fails(SystemCalls::of(Call::kPipe, kAnyDescriptor)) ? -1 : __real_pipe2(ends, flags);
}

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol) {
    return fails(SystemCalls::of(Call::kSocket, kAnyDescriptor))
               ? -1
               : __real_socket(family, type, protocol);
}

int __real_connect(int fd, const sockaddr* to, socklen_t size);
int __wrap_connect(int fd, const sockaddr* to, socklen_t size) {
    return fails(SystemCalls::of(Call::kConnect, kAnyDescriptor)) ? -1
                                                                  : __real_connect(fd, to, size);
}

int __real_accept4(int fd, sockaddr* from, socklen_t* size, int flags);
int __wrap_accept4(int fd, sockaddr* from, socklen_t* size, int flags) {
    return fails(SystemCalls::of(Call::kAccept, kAnyDescriptor))
               ? -1
               : __real_accept4(fd, from, size, flags);
}

int __real_epoll_ctl(int epoll, int what, int fd, epoll_event* event);
int __wrap_epoll_ctl(int epoll, int what, int fd, epoll_event* event) {
    const bool adds = what == EPOLL_CTL_ADD;
    return adds && fails(SystemCalls::of(Call::kWatch, kAnyDescriptor))
               ? -1
               : __real_epoll_ctl(epoll, what, fd, event);
}

}  // extern "C"
