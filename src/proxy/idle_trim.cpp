// Looks again some seconds after a burst, and gives back once what it needed.
#include "proxy/idle_trim.hpp"

#include <malloc.h>

#include "proxy/session.hpp"

namespace amba::proxy {

namespace {

constexpr core::Duration kQuiet{5000};

}  // namespace

void IdleTrim::wait() {
    pipes_taken_ = pipes_.taken();
    deadlines_.set(*this, core::Clock::now() + kQuiet);
}

void IdleTrim::on_deadline() {
    if (pipes_.taken() != pipes_taken_) return wait();
    pipes_.close_idle();
    if (most_ < kBurst || !is_over()) return;
    Session::dial_blocks().trim();
    malloc_trim(0);
    most_ = connections_;
}

}  // namespace amba::proxy
