// A double of the system calls of a connection: each is the real one, but for the one call that a
// test has chosen, which fails or moves less than it was asked to.
//
// The linker puts it in the place of libc's (ld(1), --wrap) in a program that has the option
// AMBA_DOUBLED_CALLS of tests/CMakeLists.txt, so that the product has no seam for it.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <set>

namespace amba::test {

enum class Call : unsigned {
    kRecv,
    kSend,
    kSpliceIn,   // from a socket
    kSpliceOut,  // to a socket
    kShutdown,
    kPipe,
    kSocket,
    kConnect,
    kAccept,
    kWatch,  // epoll_ctl with EPOLL_CTL_ADD
    kCount_,
};
const char* to_string(Call call);

struct Fault {
    Call call;
    unsigned nth;   // from 0, of the calls of that kind
    int error = 0;  // the call fails, and nothing is moved
    std::size_t at_most = std::numeric_limits<std::size_t>::max();  // bytes, without an error
};

// While it lives, it counts calls and changes one of them. Of the calls that move bytes it counts
// those on watched sockets; of all others every one, the test's own included. There may be one at a
// time, in a program of one thread.
class SystemCalls {
  public:
    explicit SystemCalls(Fault fault);
    ~SystemCalls();
    SystemCalls(const SystemCalls&) = delete;
    SystemCalls& operator=(const SystemCalls&) = delete;

    void watch(int fd) { watched_.insert(fd); }
    // The descriptor was closed: the next one of that number is another.
    void forget(int fd) { watched_.erase(fd); }
    // The fault has happened.
    bool met() const { return seen(fault_.call) > fault_.nth; }
    unsigned seen(Call call) const { return seen_[static_cast<unsigned>(call)]; }

    // Used by the doubled calls.
    static const Fault* of(Call call, int fd);

  private:
    Fault fault_;
    std::set<int> watched_;
    std::array<unsigned, static_cast<unsigned>(Call::kCount_)> seen_{};
};

}  // namespace amba::test
