// The relay and its pumps between two pairs of sockets, while one system call, each in its turn,
// fails or moves less than it was asked to. Whatever happens: what arrives is a beginning of what
// was sent, nothing that was cut off looks whole, and nothing hangs.
#include "proxy/relay.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "amba/net/tcp.hpp"
#include "proxy/session.hpp"
#include "support/system_calls.hpp"

using namespace amba;
using namespace std::chrono_literals;
using proxy::Relay;
using proxy::Side;
using test::Call;
using test::Fault;
using test::SystemCalls;

namespace {

constexpr unsigned kCalls = static_cast<unsigned>(Call::kCount_);
constexpr std::size_t kCopied = 20'000;
constexpr std::size_t kSpliced = 400'000;

std::string pattern(std::size_t size, unsigned seed) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<char>((i * 31 + i / 251 + seed) & 0xff);
    return out;
}

struct SocketPair {
    net::Descriptor ours;
    net::Descriptor theirs;
};

SocketPair connected_pair() {
    net::Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    auto* const at = reinterpret_cast<sockaddr*>(&place);
    EXPECT_EQ(bind(listener.get(), at, size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), at, &size), 0);
    SocketPair out;
    out.theirs = net::Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(out.theirs.get(), at, size), 0);
    out.ours =
        net::Descriptor(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return out;
}

// One of two peers at the sides of a relay: sends all that it has, then its end, and reads.
class RelayPeer {
  public:
    RelayPeer(net::Descriptor fd, std::string text) : fd_(std::move(fd)), text_(std::move(text)) {}

    void go_on() {
        while (sent_ < text_.size() && !is_over()) {
            const ssize_t n = send(fd_.get(), text_.data() + sent_, text_.size() - sent_,
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n <= 0) break;
            sent_ += static_cast<std::size_t>(n);
        }
        if (sent_ == text_.size() && !std::exchange(finished_, true)) shutdown(fd_.get(), SHUT_WR);
        static char buffer[1 << 16];
        while (!is_over()) {
            const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
            if (n < 0 && errno == EAGAIN) break;
            if (n > 0) received_.append(buffer, static_cast<std::size_t>(n));
            ended_ = n == 0;
            reset_ = n < 0;
        }
    }
    bool is_over() const { return ended_ || reset_; }
    bool ended() const { return ended_; }
    bool was_reset() const { return reset_; }
    const std::string& received() const { return received_; }
    const std::string& text() const { return text_; }

  private:
    net::Descriptor fd_;
    std::string text_;
    std::string received_;
    std::size_t sent_ = 0;
    bool finished_ = false;
    bool ended_ = false;
    bool reset_ = false;
};

// Drives a relay between two peers, as a session does.
class RelayDriver final : public net::Pollable {
  public:
    RelayDriver(net::Poller& poller, proxy::Shared& shared, Fault fault, std::size_t bytes) :
        poller_(poller), shared_(shared), fault_(fault), calls_(fault), client_(connected_pair()),
        backend_(connected_pair()), from_client_(std::move(client_.theirs), pattern(bytes, 1)),
        from_backend_(std::move(backend_.theirs), pattern(bytes, 2)) {
        open(Side::kClient, client_.ours);
        open(Side::kBackend, backend_.ours);
    }
    ~RelayDriver() { finish(false); }

    // Runs until both peers have seen an end. False when that takes too long.
    bool run() {
        const auto limit = core::Clock::now() + 60s;
        while (!(from_client_.is_over() && from_backend_.is_over())) {
            if (core::Clock::now() > limit) return false;
            from_client_.go_on();
            from_backend_.go_on();
            poller_.run(core::Clock::now());
            if (calls_.met() && fault_.error == EAGAIN && !std::exchange(told_again_, true)) {
                // The kernel tells when its own EAGAIN is over; this one was the double's.
                tell(Side::kClient, EPOLLIN | EPOLLOUT);
                tell(Side::kBackend, EPOLLIN | EPOLLOUT);
            }
            // A session closes a moment after a reset, at the latest.
            if (!over_ && relay_.any_reset() && ++turns_after_reset_ > 100) finish(true);
        }
        return true;
    }

    bool met() const { return calls_.met(); }
    unsigned seen(Call call) const { return calls_.seen(call); }
    Relay::Outcome verdict() const { return verdict_; }
    const RelayPeer& client() const { return from_client_; }
    const RelayPeer& backend() const { return from_backend_; }
    bool is_whole() const {
        return from_client_.ended() && from_client_.received() == from_backend_.text() &&
               from_backend_.ended() && from_backend_.received() == from_client_.text();
    }

  private:
    void open(Side side, const net::Descriptor& fd) {
        relay_.set_socket(side, fd.get());
        calls_.watch(fd.get());
        EXPECT_TRUE(poller_.add(fd.get(), *this, static_cast<unsigned>(side), proxy::kBothEnds));
    }
    void on_ready(unsigned slot, std::uint32_t events) override {
        tell(static_cast<Side>(slot), events);
    }
    void on_again() override { relay(); }
    void tell(Side side, std::uint32_t events) {
        if (over_) return;
        relay_.on_events(side, events, poller_.rounds());
        relay();
    }
    void relay() {
        if (over_) return;
        verdict_ = relay_.run(shared_);
        if (verdict_ == Relay::Outcome::kAgain) poller_.again(*this);
        if (verdict_ == Relay::Outcome::kDone) finish(false);
        if (verdict_ == Relay::Outcome::kClientReset || verdict_ == Relay::Outcome::kBackendReset) {
            finish(true);
        }
    }
    void finish(bool reset) {
        if (std::exchange(over_, true)) return;
        relay_.drop(shared_);
        for (net::Descriptor* fd : {&client_.ours, &backend_.ours}) {
            if (reset) net::reset_on_close(fd->get());
            calls_.forget(fd->get());
            fd->reset();
        }
    }

    net::Poller& poller_;
    proxy::Shared& shared_;
    Fault fault_;
    SystemCalls calls_;
    SocketPair client_;
    SocketPair backend_;
    RelayPeer from_client_;
    RelayPeer from_backend_;
    Relay relay_;
    Relay::Outcome verdict_ = Relay::Outcome::kRunning;
    bool over_ = false;
    bool told_again_ = false;
    int turns_after_reset_ = 0;
};

class RelayOfBytes : public testing::Test {
  protected:
    RelayOfBytes() { std::signal(SIGPIPE, SIG_IGN); }

    // Lets each call of that kind fail in its turn; `judge` gets what became of it. Returns how
    // many of these calls were made.
    template <typename Judge>
    unsigned each_call(Fault fault, std::size_t bytes, Judge judge) {
        constexpr unsigned kMost = 60;
        for (fault.nth = 0; fault.nth < kMost; ++fault.nth) {
            SCOPED_TRACE(std::string(to_string(fault.call)) + " number " +
                         std::to_string(fault.nth) + " of " + std::to_string(bytes) + " bytes, " +
                         (fault.error != 0 ? std::strerror(fault.error) : "short"));
            shared.pipes.close_idle();
            RelayDriver link(poller, shared, fault, bytes);
            EXPECT_TRUE(link.run()) << "hangs";
            if (!link.met()) break;
            judge(link);
            expect_honest(link);
            if (HasFailure()) break;
        }
        return fault.nth;
    }
    static void expect_honest(const RelayDriver& link) {
        expect_honest(link.client(), link.backend());
        expect_honest(link.backend(), link.client());
    }
    static void expect_honest(const RelayPeer& to, const RelayPeer& from) {
        EXPECT_LE(to.received().size(), from.text().size());
        EXPECT_TRUE(from.text().starts_with(to.received())) << "other bytes than were sent";
        if (!to.ended()) return;
        EXPECT_EQ(to.received().size(), from.text().size()) << "cut off, looks whole";
    }
    // Faults that happen now and then: the connection must not notice them.
    void expect_whole(Call call, int error, std::size_t at_most, std::size_t bytes) {
        const unsigned reached =
            each_call({call, 0, error, at_most}, bytes, [](const RelayDriver& link) {
                EXPECT_TRUE(link.is_whole());
                EXPECT_EQ(link.verdict(), Relay::Outcome::kDone);
            });
        EXPECT_GT(reached, 0u) << to_string(call) << " is never called";
    }

    boost::asio::io_context loop{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        loop.get_executor()};
    net::Poller poller{loop};
    net::Deadlines deadlines{loop};
    proxy::Shared shared{poller, deadlines, 1};
};

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
constexpr Fault kNone{Call::kCount_, 0};

}  // namespace

TEST_F(RelayOfBytes, CopiesSmallAndSplicesLargeStreams) {
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, kCopied, kSpliced}) {
        SCOPED_TRACE(bytes);
        RelayDriver link(poller, shared, kNone, bytes);
        EXPECT_TRUE(link.run());
        EXPECT_TRUE(link.is_whole());
        EXPECT_EQ(link.seen(Call::kSpliceIn) > 0, bytes == kSpliced);
    }
}

TEST_F(RelayOfBytes, GoesOnAfterACallThatWasInterrupted) {
    for (const Call call : {Call::kRecv, Call::kSend})
        expect_whole(call, EINTR, kAll, kCopied);
    for (const Call call : {Call::kRecv, Call::kSend, Call::kSpliceIn, Call::kSpliceOut})
        expect_whole(call, EINTR, kAll, kSpliced);
}

TEST_F(RelayOfBytes, GoesOnAfterACallThatWouldBlock) {
    for (const Call call : {Call::kRecv, Call::kSend})
        expect_whole(call, EAGAIN, kAll, kCopied);
    for (const Call call : {Call::kRecv, Call::kSend, Call::kSpliceIn, Call::kSpliceOut})
        expect_whole(call, EAGAIN, kAll, kSpliced);
}

TEST_F(RelayOfBytes, GoesOnAfterACallThatMovedAByte) {
    expect_whole(Call::kSend, 0, 1, kCopied);
    for (const Call call : {Call::kSend, Call::kSpliceIn, Call::kSpliceOut})
        expect_whole(call, 0, 1, kSpliced);
}

TEST_F(RelayOfBytes, IsCopiedWithoutAPipe) {
    for (const int error : {EMFILE, ENFILE, ENOMEM})
        expect_whole(Call::kPipe, error, kAll, kSpliced);
}

// The kernel has no memory for it now, or does not splice this socket: that is no end of a stream.
TEST_F(RelayOfBytes, IsCopiedWhereSpliceFails) {
    for (const int error : {ENOMEM, EINVAL, ENOSYS, EPERM})
        expect_whole(Call::kSpliceIn, error, kAll, kSpliced);
}

TEST_F(RelayOfBytes, ThatCannotBeMovedAnyMoreEndsInAReset) {
    for (const int error : {ECONNRESET, ETIMEDOUT, EHOSTUNREACH, EPIPE, ENOMEM, ENOBUFS}) {
        for (const Call call : {Call::kRecv, Call::kSend, Call::kSpliceIn, Call::kSpliceOut}) {
            const bool of_the_call = call == Call::kSpliceIn && error == ENOMEM;
            if (of_the_call) continue;
            each_call({call, 0, error, kAll}, kSpliced, [](const RelayDriver& link) {
                EXPECT_TRUE(link.client().was_reset() || link.backend().was_reset() ||
                            link.is_whole());
            });
        }
    }
}

TEST_F(RelayOfBytes, HasNoEndThatWasNotPassedOn) {
    for (const int error : {ENOTCONN, ENOBUFS})
        each_call({Call::kShutdown, 0, error, kAll}, kCopied, [](const RelayDriver&) {});
}
