// The listening address of a frontend: accepts in batches, and pauses while it must.
//
//   watched      the poller has the socket, and connections are accepted as they come
//   paused       there is no descriptor, or by the limit of the control group no memory, to spare:
//                it looks again when a connection ends, and after a moment
//   at maxconn   its frontend has as many connections as it may: until one of them ends
//   closed       what is in the kernel's queue was accepted first
//
// While it is paused or at its maxconn, new connections wait in the kernel's queue.
#pragma once

#include <cstdint>
#include <vector>

#include "amba/net/budget.hpp"
#include "amba/net/deadlines.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/poller.hpp"
#include "amba/proxy/proxy.hpp"
#include "proxy/shared.hpp"

namespace amba::proxy {

// Who listens at the address of a listener that closes.
enum class Successor : std::uint8_t {
    kNone,
    kFrontend,      // another frontend, at a part of the address
    kOtherProcess,  // another process, at the same socket
};

class AcceptObserver {
  public:
    // A connection, not blocking, which is the observer's from now on. The observer says ended()
    // when it is over.
    virtual void accepted(net::Descriptor client) = 0;
    // The last socket is closed. Never told from within accepted().
    virtual void stopped_listening() = 0;

  protected:
    ~AcceptObserver() = default;
};

// A member of its observer, which is freed by the poller, so that no event can come too late.
class Listener final : public net::Pollable, private net::Deadline {
  public:
    Listener(const Settings& settings, Shared& shared, AcceptObserver& observer) :
        settings_(settings), shared_(shared), observer_(observer) {}
    ~Listener() override;

    // Takes a listening socket; accepting starts in this turn.
    void listen(ListeningSocket socket);
    // Serves what is queued and closes the listening socket. With another frontend as its successor
    // clients see no gap: the socket stays a moment longer, out of the way of new connections, to
    // serve those whose handshake had begun. Another process is left what is queued.
    void close(Successor successor = Successor::kNone);
    void close_now();  // that socket too

    bool listening() const { return static_cast<bool>(socket_); }
    bool closed() const { return !socket_ && !last_call_.socket; }
    // Those that hold the address, listening or about to be closed.
    std::vector<int> sockets() const;
    bool paused() const { return paused_; }
    bool at_maxconn() const { return at_maxconn_; }

    // Connections that it accepted: those that are open, and all.
    std::uint64_t connections() const { return connections_; }
    std::uint64_t total() const { return total_; }
    // A connection that it accepted is over.
    void ended();
    // Descriptors are free again.
    void resume();
    // The frontend may have another maxconn.
    void settings_changed() { leave_maxconn(); }

  private:
    // The socket that another frontend takes the place of.
    struct LastCall final : net::Deadline {
        explicit LastCall(Listener& in_) : in(in_) {}
        void on_deadline() override { in.close_now(); }
        Listener& in;
        ListeningSocket socket;
    };

    void on_ready(unsigned slot, std::uint32_t events) override;
    void on_deadline() override { resume(); }
    void watch();
    bool accept_one(const ListeningSocket& socket);
    std::uint32_t maxconn() const { return static_cast<std::uint32_t>(settings_.maxconn); }
    bool is_full() const { return maxconn() > 0 && connections_ >= maxconn(); }
    // Because of what Shared::lacking() says, or of an error in words.
    void pause(const char* what, const char* error = nullptr);
    void end_pause();
    void pause_at_maxconn();
    void leave_maxconn();

    const Settings& settings_;
    Shared& shared_;
    AcceptObserver& observer_;
    ListeningSocket socket_;
    LastCall last_call_{*this};
    std::uint64_t connections_ = 0;
    std::uint64_t total_ = 0;
    std::uint64_t accept_round_ = 0;  // of the poller, in which it last accepted
    const char* lacked_ = nullptr;    // what the log has said that it lacks; null: nothing
    int accept_batch_ = 1;
    bool watched_ : 1 = false;  // the poller has the listener
    bool paused_ : 1 = false;
    bool at_maxconn_ : 1 = false;
    bool said_maxconn_ : 1 = false;
    bool has_backlog_ : 1 =
        false;  // connections were left in the kernel's queue, as far as is known
};

}  // namespace amba::proxy
