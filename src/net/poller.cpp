// The waits and turns of the thread: epoll(7), edge-triggered, with the loop of Asio inside.
#include "amba/net/poller.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "net/asio_epoll.hpp"

namespace amba::net {

namespace {

constexpr int kBatch = 128;

std::uint64_t packed(const Pollable& owner, unsigned slot) {
    return reinterpret_cast<std::uintptr_t>(&owner) | slot;
}

}  // namespace

Poller::Poller(boost::asio::io_context& loop) : loop_(loop), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    // Level-triggered, without an owner: Asio's own epoll, readable when one of its descriptors or
    // its timer is.
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, epoll_of(loop), &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
}

Poller::~Poller() {
    for (Pollable* pollable : buried_)
        delete pollable;
}

void Pollable::on_ready(unsigned, std::uint32_t) {}

bool Poller::add(int fd, Pollable& owner, unsigned slot, std::uint32_t events) {
    return add_level(fd, owner, slot, events | EPOLLET);
}

bool Poller::add_level(int fd, Pollable& owner, unsigned slot, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = packed(owner, slot);
    return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::remove(int fd) {
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void Poller::forget(const Pollable& owner, unsigned slot) {
    for (epoll_event& event : untold_) {
        if (event.data.u64 == packed(owner, slot)) event.events = 0;
    }
}

void Poller::again(Pollable& owner) {
    if (owner.again_ || owner.buried_) return;
    owner.again_ = true;
    again_.push_back(&owner);
}

void Poller::bury(Pollable& owner) {
    if (owner.buried_) return;
    owner.buried_ = true;
    buried_.push_back(&owner);
}

void Poller::run(core::Time end) {
    loop_.poll();  // runs what was posted before the first wait
    while (!loop_.stopped()) {
        const int wait = wait_time(end);
        if (round(wait)) loop_.poll();
        reap();
        if (end != core::Time::max() && core::Clock::now() >= end) return;
    }
    reap();
}

int Poller::wait_time(core::Time end) const {
    if (!again_.empty() || !buried_.empty()) return 0;
    if (end == core::Time::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - core::Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
}

bool Poller::round(int wait) {
    std::array<epoll_event, kBatch> events;
    const int count = epoll_wait(epoll_.get(), events.data(), kBatch, wait);
    refresh_now();
    ++rounds_;
    bool loop_is_ready = false;
    untold_ = std::span(events).first(static_cast<std::size_t>(std::max(count, 0)));
    while (!untold_.empty()) {
        const epoll_event event = untold_.front();
        untold_ = untold_.subspan(1);
        const auto whose = static_cast<std::uintptr_t>(event.data.u64);
        auto* owner = reinterpret_cast<Pollable*>(whose & ~std::uintptr_t{7});
        if (owner == nullptr) {
            loop_is_ready = true;
        } else if (!owner->buried_ && event.events != 0) {
            owner->on_ready(static_cast<unsigned>(whose & 7), event.events);
        }
    }
    run_again();
    return loop_is_ready;
}

void Poller::run_again() {
    again_now_.swap(again_);
    for (Pollable* owner : again_now_) {
        owner->again_ = false;
        if (!owner->buried_) owner->on_again();
    }
    again_now_.clear();
}

// Between batches: no event names the dead any more. One that asked for another round and was then
// buried from the loop (by a deadline, by a swap) would be called after its death.
void Poller::reap() {
    if (buried_.empty()) return;
    std::erase_if(again_, [](const Pollable* owner) { return owner->buried_; });
    while (!buried_.empty()) {
        dead_.swap(buried_);
        for (Pollable* owner : dead_)
            delete owner;
        dead_.clear();
    }
}

}  // namespace amba::net
