// One timer of Asio for the earliest of an ordered tree.
#include "amba/net/deadlines.hpp"

namespace amba::net {

Deadlines::Deadlines(boost::asio::io_context& loop) : timer_(loop) {}

void Deadlines::set(Deadline& deadline, core::Time when) {
    if (deadline.is_linked()) deadline.unlink();
    deadline.when_ = when;
    waiting_.insert(deadline);
    if (when < armed_for_) arm();
}

void Deadlines::arm() {
    armed_for_ = waiting_.begin()->when_;
    timer_.expires_at(armed_for_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) fire();
    });
}

void Deadlines::fire() {
    armed_for_ = core::Time::max();
    const core::Time now = core::Clock::now();
    while (!waiting_.empty() && waiting_.begin()->when_ <= now) {
        Deadline& deadline = *waiting_.begin();
        deadline.unlink();
        deadline.on_deadline();  // may set or clear any deadline, this one too
    }
    if (!waiting_.empty() && waiting_.begin()->when_ < armed_for_) arm();
}

}  // namespace amba::net
