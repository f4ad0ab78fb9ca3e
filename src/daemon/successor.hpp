// The old ambassador's side of a takeover: see handover.hpp.
//
//   asked      POST /takeover, by the same user or root, in the same network namespace
//   held       no table is on its way, and none is judged any more
//   offered    a thread beside the loop sends everything, and waits until the other is ready
//   given      the other may accept, and nothing is taken back unless it ends
//   over       it serves: what is here has no sockets any more but those of its connections
//
// It serves all the time. A failure at any time brings it
// back to where it was.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "amba/admin/server.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/message_channel.hpp"
#include "amba/net/offload.hpp"
#include "amba/volume/volume.hpp"
#include "daemon/activate.hpp"
#include "daemon/handover.hpp"
#include "daemon/reload.hpp"

namespace amba::daemon {

class Successor {
  public:
    // What is handed over beside what `activate` knows. References, to what outlives this.
    struct Estate {
        Activate& activate;
        Reload& reload;
        admin::Server& server;
        const net::Descriptor& lock;
        const volume::Paths& paths;
        const std::vector<std::string>& command_line;
        const std::vector<std::string>& containers;  // those that have handed over before
    };
    // `over` is called once, when the other serves and this one has left its sockets.
    Successor(boost::asio::io_context& loop, const Estate& estate, std::function<void()> over);
    ~Successor();
    Successor(const Successor&) = delete;
    Successor& operator=(const Successor&) = delete;

    // POST /takeover. Nobody is served who asks while another one takes over.
    void handle(const admin::Request& request, admin::Server::Respond respond);

    // Descriptors are in use beside the loop: sockets must not change.
    bool busy() const { return channel_ != nullptr; }
    // The process is to end: calls `then` when nothing is under way any more. A takeover that is
    // quick is not in vain.
    void give_up(std::function<void()> then);

  private:
    // What the thread is handed, and what it hands back.
    struct Talk {
        std::shared_ptr<net::MessageChannel> channel;
        Handover handover;
        std::vector<int> descriptors;
        std::string failure;            // empty: none
        std::vector<core::Bind> spare;  // where the other does not listen
    };
    using TalkPtr = std::shared_ptr<Talk>;

    std::string refusal(const admin::Request& request) const;
    void begin(net::Descriptor connection);
    void offer();
    void gather(Talk& talk) const;
    void offered(const TalkPtr& talk);
    void given(const TalkPtr& talk);
    void say_no(const TalkPtr& talk);
    void failed(const std::string& why);
    void end();

    boost::asio::io_context& loop_;
    const Estate estate_;
    std::function<void()> over_;
    std::shared_ptr<net::MessageChannel> channel_;  // null: nobody takes over
    bool given_ = false;                            // the other may serve
    std::function<void()> then_;                    // give_up() has asked for it
    boost::asio::steady_timer patience_;            // and how long it waits
    std::optional<net::Offload> beside_;
};

}  // namespace amba::daemon
