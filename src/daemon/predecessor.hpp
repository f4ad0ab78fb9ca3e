// The new ambassador's side of a takeover: see handover.hpp. It blocks, as its loop does not run
// yet.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "amba/core/bind.hpp"
#include "amba/core/duration.hpp"
#include "amba/core/result.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/message_channel.hpp"
#include "amba/volume/volume.hpp"
#include "daemon/handover.hpp"

namespace amba::daemon {

// An ambassador that hands over to this one.
class Predecessor {
  public:
    // Asks the ambassador that listens in this volume, again while it is busy. Null: nobody listens
    // there. The error says why it does not hand over.
    static core::Result<std::unique_ptr<Predecessor>> ask(const volume::Paths& paths);

    // Everything that it has. The descriptors are those of handover().sockets, in their order.
    Handover& handover() { return handover_; }
    std::vector<net::Descriptor>& descriptors() { return descriptors_; }

    // All is prepared: may this one serve? Empty, or why not. Yes as well when the other has died.
    std::string may_serve();
    // This one serves, and does not listen there. Empty, or why it must not go on.
    std::string serves(const std::vector<core::Bind>& spare);

  private:
    explicit Predecessor(net::Descriptor connection) : channel_(std::move(connection)) {}
    struct Answer {
        enum class Kind : std::uint8_t { kNobody, kBusy, kNo, kYes };
        Kind kind = Kind::kNobody;
        std::string why;
        std::unique_ptr<Predecessor> found = nullptr;
    };
    static Answer ask_at(const std::string& socket);
    core::Result<void> receive();

    net::MessageChannel channel_;
    Handover handover_;
    std::vector<net::Descriptor> descriptors_;
};

}  // namespace amba::daemon
