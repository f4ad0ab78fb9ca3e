// How often it looks, and when that is over.
#include "daemon/client_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "amba/log/log.hpp"

namespace amba::daemon {

using namespace std::chrono_literals;

namespace {

constexpr core::Duration kLeast = 50ms;
constexpr core::Duration kMost = 1s;

}  // namespace

ClientWatch::ClientWatch(boost::asio::io_context& loop, const proxy::Proxy& proxy,
                         std::optional<core::Duration> time, std::function<void()> over,
                         ClientSigns signs) :
    proxy_(proxy),
    time_(time.value_or(0ms)), over_(time ? std::move(over) : nullptr), signs_(std::move(signs)),
    timer_(loop) {}

void ClientWatch::start() {
    if (over_) look();
}

void ClientWatch::stop() {
    over_ = nullptr;
    timer_.cancel();
}

void ClientWatch::look() {
    const bool first = !seen_;
    // Connections may have come and gone since the last look.
    const std::uint64_t before = std::exchange(served_, proxy_.connections().total);
    if (served_ != before || proxy_.connections().now > 0 || signs_.any())
        seen_ = core::Clock::now();
    if (first && seen_) log::info("clients", "the first has come");
    if (seen_ && core::Clock::now() - *seen_ >= time_) return std::exchange(over_, nullptr)();
    timer_.expires_after(std::clamp(time_ / 4, kLeast, kMost));
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error && over_) look();
    });
}

}  // namespace amba::daemon
