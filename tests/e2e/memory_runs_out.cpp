// More clients than the memory limit of the ambassador's control group allows for: they wait, none
// is turned away, and the kernel kills nobody.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <set>

#include "support/daemon.hpp"
#include "support/memory_cgroup.hpp"

using namespace amba::test;

namespace {

sockaddr_in address_of(const Place& place) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(place.port);
    inet_pton(AF_INET, place.host.c_str(), &at.sin_addr);
    return at;
}

// A server of thousands of connections: each is greeted, and closed when its peer closes it. A
// process of its own, for the descriptors that it needs.
class Greeter {
  public:
    explicit Greeter(const Place& place) :
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)), poll_(epoll_create1(0)) {
        const sockaddr_in at = address_of(place);
        const int on = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 ||
            listen(listener_, 65535) != 0) {
            throw std::runtime_error("cannot listen");
        }
        watch(listener_);
        process_ = fork();
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve();
        }
    }
    ~Greeter() {
        close(listener_);
        close(poll_);
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

  private:
    void watch(int fd) const {
        epoll_event event{EPOLLIN, {.fd = fd}};
        epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
    }
    [[noreturn]] void serve() const {
        epoll_event events[64];
        for (;;) {
            const int count = epoll_wait(poll_, events, 64, -1);
            for (int i = 0; i < count; ++i) {
                if (events[i].data.fd != listener_) {
                    close(events[i].data.fd);
                    continue;
                }
                for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
                    watch(fd);
                    (void)send(fd, "o", 1, MSG_NOSIGNAL);
                }
            }
        }
    }

    const int listener_;
    const int poll_;
    pid_t process_ = -1;
};

// Clients that connect all at once and wait to be greeted.
class Crowd {
  public:
    Crowd(const Place& place, std::size_t count) : poll_(epoll_create1(0)) {
        const sockaddr_in at = address_of(place);
        for (std::size_t i = 0; i < count; ++i) {
            const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
            if (fd < 0) throw std::runtime_error("socket");
            if (connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 &&
                errno != EINPROGRESS) {
                throw std::runtime_error("connect");
            }
            epoll_event event{EPOLLIN, {.fd = fd}};
            epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
            waiting_.insert(fd);
        }
    }
    ~Crowd() {
        leave(served_.size());
        for (const int fd : waiting_)
            close(fd);
        close(poll_);
    }

    // Until nobody was greeted for a while.
    void wait() {
        epoll_event events[256];
        for (;;) {
            const int count = epoll_wait(poll_, events, 256, 1000);
            for (int i = 0; i < count; ++i)
                take(events[i].data.fd);
            if (count <= 0 || waiting_.empty()) return;
        }
    }
    // The first of those that were greeted.
    void leave(std::size_t count) {
        for (; count > 0 && !served_.empty(); --count) {
            close(served_.front());
            served_.pop_front();
        }
    }
    std::size_t waiting() const { return waiting_.size(); }
    std::size_t served() const { return served_.size(); }
    std::size_t failed() const { return failed_; }

  private:
    void take(int fd) {
        char byte = 0;
        waiting_.erase(fd);
        if (recv(fd, &byte, 1, 0) == 1) {
            epoll_ctl(poll_, EPOLL_CTL_DEL, fd, nullptr);
            served_.push_back(fd);
            return;
        }
        ++failed_;
        close(fd);
    }

    const int poll_;
    std::set<int> waiting_;
    std::deque<int> served_;
    std::size_t failed_ = 0;
};

class Memory : public testing::TestWithParam<unsigned> {
  protected:
    void SetUp() override {
        if (!group.possible()) GTEST_SKIP() << "needs a control group of its own";
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        daemon.options().cgroup = group.directory();
        // A sanitizer has much memory of its own, and keeps what is freed.
        daemon.options().environment["ASAN_OPTIONS"] = "quarantine_size_mb=1";
    }
    // Under a sanitizer it has that much beside what it needs itself.
    void run() {
        daemon.run({place.to_string(), "empty=hold", server.to_string()});
        if (daemon.process().sanitized()) {
            group.limit(group.used() + kLimit);
        } else {
            EXPECT_LT(group.used(), kLimit);
        }
    }
    const std::uint64_t kLimit = std::uint64_t{GetParam()} << 20;
#ifdef AMBA_SANITIZED
    MemoryCgroup group{std::uint64_t{1} << 30};
#else
    MemoryCgroup group{kLimit};
#endif
    const Place server = own_place();
    const Place place = own_place();
    Daemon daemon;
};

}  // namespace

// The last ones get their turn when the first ones have left.
TEST_P(Memory, OfManyClientsAllAreServedInTurn) {
    Greeter greeter(server);
    run();
    // More than the queue of a listener takes: SYNs are sent again.
    const std::size_t count = std::min(GetParam() * (full() ? 400 : 250), 19'000u);
    Crowd crowd(place, count);
    std::size_t most = 0;
    std::size_t greeted = 0;
    for (int rounds = 0; crowd.waiting() > 0 && rounds < 400; ++rounds) {
        crowd.wait();
        ASSERT_TRUE(daemon.process().running()) << "killed at " << crowd.served();
        most = std::max(most, crowd.served());
        greeted += crowd.served();
        EXPECT_EQ(daemon.amba({"healthcheck"}).code, 0);
        crowd.leave(crowd.served());
    }
    std::cout << most << " at a time under " << GetParam() << " MB, of " << count << "\n";
    EXPECT_EQ(crowd.waiting(), 0u);
    EXPECT_EQ(crowd.failed(), 0u);
    EXPECT_EQ(greeted, count);
    EXPECT_GE(most, daemon.process().sanitized() ? 64u : GetParam() * 100u);
    EXPECT_EQ(group.kills(), 0);
    EXPECT_EQ(daemon.frontend()["connections_failed"], 0);
    // Under a large limit the descriptors may be used up first.
    if (daemon.lines("all descriptors are in use") > 0) return;
    EXPECT_TRUE(daemon.logs("the memory limit of its control group, "));
    EXPECT_TRUE(daemon.logs(" MB, leaves no room for more"));
    if (daemon.process().sanitized()) return;  // its memory does not come back
    // It is back to normal, and says so with one of the next.
    EXPECT_TRUE(eventually([&] {
        Crowd next(place, 1);
        next.wait();
        return daemon.lines(" has memory to spare again") == 1;
    }));
}

INSTANTIATE_TEST_SUITE_P(Runs, Memory, testing::Values(16u, 32u, 64u),
                         [](const auto& param) { return std::to_string(param.param) + "MB"; });
