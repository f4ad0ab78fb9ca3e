// A c-ares channel driven by Asio: its sockets are watched and its time-outs kept.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace amba::net {

class AresChannel : public std::enable_shared_from_this<AresChannel> {
  public:
    // `lookups` as in resolv.conf of c-ares: "f" is /etc/hosts, "b" is DNS.
    AresChannel(boost::asio::io_context& loop, const char* lookups);
    ~AresChannel();

    using Done = std::function<void(int status, ares_addrinfo* result)>;  // takes the result
    // Calls done from the loop, never from within; not at all once the channel is gone.
    void ask(const std::string& name, int family, Done done);

  private:
    // One socket of c-ares, which opens and closes it; the descriptor here is only lent.
    struct Watch {
        explicit Watch(boost::asio::io_context& loop, int fd) : descriptor(loop, fd) {}
        ~Watch() { let_go(); }
        void let_go() {
            if (descriptor.is_open()) descriptor.release();
        }
        boost::asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool reading = false;
        bool writing = false;
    };

    static void on_state(void* self, ares_socket_t fd, int readable, int writable);
    void watch(const std::shared_ptr<Watch>& at);
    void keep_time();

    boost::asio::io_context& loop_;
    boost::asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    std::map<ares_socket_t, std::shared_ptr<Watch>> watches_;
    int pending_ = 0;
};

}  // namespace amba::net
