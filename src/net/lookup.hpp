// One question through its steps. A lookup keeps itself and its channels until it is answered.
#pragma once

#include <ares.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amba/net/resolver.hpp"
#include "net/ares_channel.hpp"
#include "net/srv.hpp"

namespace amba::net {

// Of the resolv.conf at the time of the question.
struct Channels {
    std::shared_ptr<AresChannel> hosts;
    std::shared_ptr<AresChannel> dns;
};

// The names that DNS is asked for, one after the other, until one leads somewhere. A server that
// fails ends the search, so that a domain further down does not step in for one that is known; but
// some refuse a name without a domain, and glibc goes on as well.
class Search {
  public:
    Search(std::string name, std::vector<std::string> candidates) :
        name_(std::move(name)), candidates_(std::move(candidates)) {}

    const std::string& current() const { return candidates_[at_]; }
    // To the next, after one that was answered (there is no such record) or not; false: none.
    bool next(bool was_answered) {
        return (was_answered || current() == name_) && ++at_ < candidates_.size();
    }

  private:
    std::string name_;
    std::vector<std::string> candidates_;
    std::size_t at_ = 0;
};

// A host: /etc/hosts, then A, then AAAA.
class HostLookup : public std::enable_shared_from_this<HostLookup> {
  public:
    HostLookup(Channels channels, Question question, Search search, Resolver::Done done) :
        channels_(std::move(channels)), question_(std::move(question)), search_(std::move(search)),
        done_(std::move(done)) {}

    void start();

  private:
    void ask_dns(int family);
    void take(int status, const AresChannel::Addresses& found);
    void prefer_one_family();
    void finish();

    const Channels channels_;
    const Question question_;
    Search search_;
    const Resolver::Done done_;
    bool was_answered_ = true;  // the current name
    Answer answer_;
};

// A service: SRV, then each target as a host.
class ServiceLookup : public std::enable_shared_from_this<ServiceLookup> {
  public:
    ServiceLookup(Channels channels, Question question, Search search, Resolver::Done done) :
        channels_(std::move(channels)), question_(std::move(question)), search_(std::move(search)),
        done_(std::move(done)) {}

    void start();

  private:
    void take(int status, const AresChannel::Message& message);
    void ask_target(const SrvRecord& record);
    void take_target(const SrvRecord& record, Answer answer);
    void finish();

    const Channels channels_;
    const Question question_;
    Search search_;
    const Resolver::Done done_;
    std::size_t waiting_ = 0;  // targets that are asked for
    std::vector<SrvPlace> found_;
    Answer answer_;
};

}  // namespace amba::net
