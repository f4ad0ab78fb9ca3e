// What becomes of an ambassador whose client has ended.
#include "daemon/orphan_watch.hpp"

#include <utility>

#include "amba/log/log.hpp"
#include "amba/log/wall_clock.hpp"

namespace amba::daemon {

namespace {

constexpr core::Duration kLookEvery{250};  // while connections are left

}  // namespace

OrphanWatch::OrphanWatch(boost::asio::io_context& loop, proxy::Proxy& proxy,
                         std::optional<core::Duration> exit_after, std::function<void()> over) :
    proxy_(proxy),
    exit_after_(exit_after), over_(std::move(over)), links_(loop, [this] { changed(); }),
    timer_(loop) {}

void OrphanWatch::start() {
    if (const auto watched = links_.start(); !watched) {
        log::info("orphan", watched.error().reason + "; the end of the container is not noticed");
    }
}

void OrphanWatch::stop() {
    over_ = nullptr;
    timer_.cancel();
}

void OrphanWatch::changed() {
    timer_.cancel();
    if (!is_orphan()) {
        since_us_ = 0;
        return log::info("orphan", "the network namespace has a link again");
    }
    since_us_ = log::now_us();
    const std::string then =
        exit_after_ ? "; it ends in " + core::to_string(*exit_after_) + " unless one comes back"
                    : "; it stays, as --orphan-exit=off says";
    log::warning("orphan",
                 "the last link of the network namespace has left, as when the container "
                 "that this one serves ends" +
                     (over_ ? then : std::string()));
    if (exit_after_ && over_) look_again(*exit_after_);
}

void OrphanWatch::look_again(core::Duration after) {
    timer_.expires_after(after);
    timer_.async_wait([this](boost::system::error_code error) {
        if (!error && over_ && is_orphan()) look();
    });
}

void OrphanWatch::look() {
    proxy_.abort_left_by_client();
    if (proxy_.connections().now > 0) return look_again(kLookEvery);
    std::exchange(over_, nullptr)();
}

}  // namespace amba::daemon
