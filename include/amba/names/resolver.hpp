// Names to places, by /etc/hosts and then DNS (c-ares), without NSS and so without plug-ins in a
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
#include "amba/files/files.hpp"

namespace amba::names {

class AresChannel;

// Where a name leads. A host's addresses all weigh 1.
struct ResolvedPlace {
    core::Endpoint endpoint;
    int weight = 1;        // among the places of its name: what the SRV record says, at least 1
    bool backup = false;   // the SRV record of another has a better priority
    bool leaving = false;  // its name no longer has it (Names): no new connections

    auto operator<=>(const ResolvedPlace&) const = default;
};

struct NameQuestion {
    std::string name;
    std::uint16_t port = 0;      // of a host
    bool service = false;        // a name with SRV records, which have the ports; else a host
    bool both_families = false;  // AAAA beside A; otherwise AAAA only where there is no A
    std::string known_as;        // what DNS was asked for when it led somewhere last; empty: never
    // Places that must not be used: they are amba's own. One from /etc/hosts is passed over and DNS
    // is asked.
    std::function<bool(const core::Endpoint&)> own;
};

struct NameAnswer {
    std::vector<ResolvedPlace> places;    // sorted, each endpoint once
    core::Duration ttl{0};                // the least of the records'; 0: /etc/hosts has none
    std::vector<core::Endpoint> skipped;  // what `own` left out
    std::vector<std::string> left_out;    // targets of a service that do not resolve
    // The servers failed for that family, or for a target of a service, so that it is not known
    // what became of its addresses.
    bool v4_unknown = false;
    bool v6_unknown = false;
    std::string known_as;  // with which of the search domains DNS has it; empty: not from DNS
    std::string error;     // set when there is no place, and why
    bool denied = false;   // when there is none, a server says so: no such name, or no address
};

class Resolver {
  public:
    using Done = std::function<void(NameAnswer)>;

    explicit Resolver(boost::asio::io_context& loop);
    virtual ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Calls done from the loop, never from within; not at all once the resolver is gone. Virtual:
    // tests answer by a script.
    virtual void resolve(NameQuestion question, Done done);

  private:
    void renew_channels();

    boost::asio::io_context& loop_;
    std::shared_ptr<AresChannel> hosts_;
    std::shared_ptr<AresChannel> dns_;
    std::vector<std::weak_ptr<AresChannel>> old_;  // with the questions that they were asked
    files::Mark resolv_conf_;                      // what dns_ was made from
    core::Time looked_at_{};                       // at resolv.conf
    std::string error_;                            // why there is no channel
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace amba::names
