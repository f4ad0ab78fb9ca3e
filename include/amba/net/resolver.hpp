// Names to addresses, by /etc/hosts and then DNS (c-ares), without NSS and so without plug-ins in a
// static program. /etc/resolv.conf is read again when it changes; Docker's 127.0.0.11 is a name
// server like any other there.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amba/core/duration.hpp"
#include "amba/core/endpoint.hpp"

namespace amba::net {

struct Answer {
    std::vector<core::Address> addresses;
    core::Duration ttl{0};  // the least of the records'; 0 from /etc/hosts, which has none
    std::vector<core::Address> skipped;  // what the filter left out
    std::string error;                   // set when there is no address, and why
};

struct Question {
    std::string name;
    bool both_families = false;  // AAAA beside A; otherwise AAAA only where there is no A
    // Addresses that must not be used: they are amba's own. One from /etc/hosts is passed over and
    // DNS is asked.
    std::function<bool(const core::Address&)> own;
};

class Resolver {
  public:
    using Done = std::function<void(Answer)>;

    explicit Resolver(boost::asio::io_context& loop);
    ~Resolver();

    // Calls done from the loop, never from within; not at all once the resolver is gone.
    void resolve(Question question, Done done);

  private:
    class Channel;
    class Lookup;
    void renew_channel();

    boost::asio::io_context& loop_;
    std::shared_ptr<Channel> dns_;
    std::string resolv_conf_;  // what the channel was made from
};

}  // namespace amba::net
