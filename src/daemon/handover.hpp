// What an ambassador hands over to the one that takes its place (`amba run --takeover`), and the
// order in which the two speak:
//
//   successor.hpp, in the old one          predecessor.hpp, in the new one
//   ----------------------------           -------------------------------
//                                    <---  POST /takeover over amba.sock, Upgrade: amba-takeover/1
//   judges no table any more, 101    --->
//                                    <---  "hello"
//   a Handover, its open sockets     --->
//                                          has bound what is new, has an address for each name
//                                    <---  "ready"
//   "yours"                          --->
//                                          accepts, beside the old one
//                                    <---  "serves", and what it does not listen on
//   closes its sockets; what is
//   connected goes on until it ends
//
// Until "yours" either may give up, and the old one goes on as if nothing had been; it says "no"
// then. Both listen on the same sockets for a moment, so that no connection is refused or reset.
//
// The document is JSON, and a newer version may add members: both sides take what they know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "amba/admin/status.hpp"
#include "amba/balance/backend.hpp"
#include "amba/core/result.hpp"
#include "amba/names/names.hpp"
#include "amba/volume/volume.hpp"
#include "daemon/activate.hpp"

namespace amba::daemon {

namespace handover {

inline constexpr const char* kProtocol = "amba-takeover/1";
inline constexpr const char* kHello = "hello";
inline constexpr const char* kReady = "ready";
inline constexpr const char* kYours = "yours";
inline constexpr const char* kServes = "serves";
inline constexpr const char* kNo = "no";
inline constexpr std::size_t kMostText = std::size_t{1} << 30;

// What a descriptor is, by the side that sends it.
struct Socket {
    enum class Kind : std::uint8_t { kLock, kFrontend, kAdmin, kSocket, kHidden };
    Kind kind = Kind::kFrontend;
    std::string name;  // the address of a frontend or of the admin server
};

// The texts of a handover, in their order. Each is a document of its own.
struct Texts {
    std::string main;    // sockets, names, backends
    std::string active;  // as active.json; empty: there is no table
    std::string kept;    // frontends that serve with the backends of an older table; or empty
    std::string status;  // as /status: the counters of frontends
};

}  // namespace handover

// Plain data, which a thread beside the loop may write.
struct Handover {
    struct Backend {
        core::Endpoint endpoint;
        balance::HealthRecord health;
        balance::BackendCounters counters;
    };
    struct Frontend {
        core::Bind bind;
        std::vector<Backend> backends;
    };

    std::vector<handover::Socket> sockets;  // in the order of the descriptors
    std::vector<Frontend> frontends;
    std::vector<names::KnownName> names;
    // Those that have handed over, the latest last: own_container.hpp.
    std::vector<std::string> containers;
    Kept kept;
    std::optional<volume::ActiveDocument> active;
    admin::Status status;
};

handover::Texts to_texts(const Handover& handover, core::Time now);
// The error names the text that is wrong.
core::Result<Handover> from_texts(const handover::Texts& texts, core::Time now);

// What serves, as data, and back: backends that begin with that health and those counters.
std::vector<Handover::Frontend> record(const std::vector<proxy::FrontendBackends>& serving);
std::vector<proxy::FrontendBackends> revive(const Handover& handover, core::Time now);

}  // namespace amba::daemon
