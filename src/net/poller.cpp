#include "amba/net/poller.hpp"

#include <sys/epoll.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace amba::net {

namespace {

constexpr int kBatch = 128;
// A turn that has taken so long ends after its round, and Asio's handlers (timers, names, HTTP) get
// theirs: a swap takes several of them and must not wait for a busy proxy each time.
constexpr auto kTurn = std::chrono::milliseconds(1);

int make_epoll() {
    const int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    return fd;
}

}  // namespace

Poller::Poller(boost::asio::io_context& loop) : loop_(loop), epoll_(loop, make_epoll()) {
    wait();
}

Poller::~Poller() {
    for (Pollable* pollable : buried_)
        delete pollable;
}

bool Poller::add(int fd, Pollable& owner, unsigned slot, std::uint32_t events) {
    epoll_event event{};
    event.events = events | EPOLLET;
    event.data.u64 = reinterpret_cast<std::uintptr_t>(&owner) | slot;
    return epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::again(Pollable& owner) {
    if (owner.again_ || owner.buried_) return;
    owner.again_ = true;
    again_.push_back(&owner);
    if (again_.size() == 1) ask_for_turn();
}

void Poller::bury(Pollable& owner) {
    if (owner.buried_) return;
    owner.buried_ = true;
    buried_.push_back(&owner);
    if (buried_.size() == 1) ask_for_turn();
}

// Outside a turn nobody would come by.
void Poller::ask_for_turn() {
    if (!turning_) boost::asio::post(loop_, [this] { turn(); });
}

void Poller::wait() {
    epoll_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                          if (error) return;
                          turn();
                          wait();
                      });
}

void Poller::turn() {
    turning_ = true;
    std::array<epoll_event, kBatch> events;
    refresh_now();
    const core::Time end = now_ + kTurn;
    do {
        const int count = epoll_wait(epoll_.native_handle(), events.data(), kBatch, 0);
        refresh_now();
        for (int e = 0; e < count; ++e) {
            const auto packed =
                static_cast<std::uintptr_t>(events[static_cast<std::size_t>(e)].data.u64);
            auto* owner = reinterpret_cast<Pollable*>(packed & ~std::uintptr_t{7});
            if (!owner->buried_) {
                owner->on_ready(static_cast<unsigned>(packed & 7),
                                events[static_cast<std::size_t>(e)].events);
            }
        }
        run_again();
        if (count <= 0 && again_.empty()) break;
    } while (now_ < end);
    reap();  // no batch is being walked any more
    turning_ = false;
    if (!again_.empty()) ask_for_turn();
}

void Poller::run_again() {
    again_now_.swap(again_);
    for (Pollable* owner : again_now_) {
        owner->again_ = false;
        if (!owner->buried_) owner->on_again();
    }
    again_now_.clear();
}

void Poller::reap() {
    // Runs as a handler of its own, so no batch of events is being walked.
    std::vector<Pollable*> dead;
    dead.swap(buried_);
    for (Pollable* owner : dead)
        delete owner;
}

}  // namespace amba::net
