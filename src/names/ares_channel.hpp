// A c-ares channel driven by Asio: its sockets are watched and its time-outs kept.
#pragma once

#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "amba/core/result.hpp"
#include "amba/net/budget.hpp"

namespace amba::names {

class AresChannel : public std::enable_shared_from_this<AresChannel> {
  public:
    // `lookups` as in resolv.conf of c-ares: "f" is /etc/hosts, "b" is DNS. Of DNS, resolv.conf is
    // read here and never again; /etc/hosts is read for each question. Fails where resolv.conf
    // cannot be read: descriptors have run out, or it may not be.
    static core::Result<std::shared_ptr<AresChannel>> open(boost::asio::io_context& loop,
                                                           const char* lookups);
    ~AresChannel();

    // A name as it is and with the search domains, in the order in which resolv.conf wants them
    // asked for (ndots). What is asked below is asked as it is.
    std::vector<std::string> candidates(const std::string& name) const;

    // Both call `done` from the loop, never from within; not at all once the channel is closed.
    // Questions beyond kAtOnce wait until others are answered.
    using Addresses = std::shared_ptr<ares_addrinfo>;
    using OnAddresses = std::function<void(int status, const Addresses& found)>;
    void ask(const std::string& name, int family, OnAddresses done);
    // The whole message, for records of other types.
    using Message = std::vector<unsigned char>;
    using OnMessage = std::function<void(int status, const Message& message)>;
    void query(const std::string& name, int type, OnMessage done);

    // Asks what waits there and was not sent yet: its servers may be those that do not answer.
    void take_over(AresChannel& before);
    // Forgets what is asked. Without it, who asks keeps the channel and the channel who asks.
    void close();

    // What a name server's socket holds for certain: of thousands at once its kernel would drop
    // some, which costs each a second. Also what /etc/hosts is read in one turn of the loop.
    static constexpr int kAtOnce = 128;

  private:
    explicit AresChannel(boost::asio::io_context& loop) : loop_(loop), timer_(loop) {}

    // One socket of c-ares, which opens and closes it; the descriptor here is only lent.
    struct SocketWatch {
        explicit SocketWatch(boost::asio::io_context& loop, int fd) : descriptor(loop, fd) {}
        ~SocketWatch() { let_go(); }
        void let_go() {
            if (descriptor.is_open()) descriptor.release();
        }
        boost::asio::posix::stream_descriptor descriptor;
        net::Reservation reservation = net::Reservation::add(net::Budget::Use::kNames);
        bool wants_read = false;
        bool wants_write = false;
        bool reading = false;
        bool writing = false;
    };

    int init(const char* lookups);
    int read_search_domains();
    static void on_state(void* self, ares_socket_t fd, int readable, int writable);
    void watch(const std::shared_ptr<SocketWatch>& at);
    void keep_time();
    using Send = std::function<void(AresChannel& on)>;
    void admit(Send send);
    void answered(std::function<void()> tell);

    boost::asio::io_context& loop_;
    boost::asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    std::vector<std::string> domains_;
    int ndots_ = 1;
    std::map<ares_socket_t, std::shared_ptr<SocketWatch>> watches_;
    std::deque<Send> waiting_;
    int asked_ = 0;  // and not told yet
    bool closed_ = false;
};

}  // namespace amba::names
