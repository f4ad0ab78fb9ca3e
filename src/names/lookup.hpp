// One question through its steps. A lookup keeps itself and its channels until it is answered.
#pragma once

#include <ares.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "amba/names/resolver.hpp"
#include "names/ares_channel.hpp"
#include "names/srv.hpp"

namespace amba::names {

// Of the resolv.conf at the time of the question.
struct Channels {
    std::shared_ptr<AresChannel> hosts;
    std::shared_ptr<AresChannel> dns;
};

// The names that DNS is asked for, one after the other, until one leads somewhere. As glibc does it
// (res_search(3), __res_context_search in resolv/res_query.c): a domain in which there is no such
// record, or whose servers fail, is not the end; after silence the name as it is is the only one
// left. One rule is added, as an ambassador remembers what libc does not: when the servers of the
// name that led somewhere last fail, the search is over, so that no domain further down steps in.
class Search {
  public:
    // What the servers said of the current one, the worst of A and AAAA.
    enum class Failure { kNoRecord, kFailed, kSilence };

    Search(std::string name, std::vector<std::string> candidates, std::string known_as = {}) :
        name_(std::move(name)), candidates_(std::move(candidates)), known_as_(std::move(known_as)) {
    }

    const std::string& current() const { return candidates_[at_]; }
    bool next(Failure said);  // false: there is none, and nothing more may be asked
    // Once there is no next: do the servers say that there is no such record? Where the name has
    // led somewhere, those of that domain decide, as others may refuse to answer for ever.
    bool denied() const { return known_denied_ || !any_failed_; }

  private:
    std::string name_;
    std::vector<std::string> candidates_;
    std::string known_as_;  // empty: it has not led anywhere yet
    std::size_t at_ = 0;
    bool known_denied_ = false;
    bool any_failed_ = false;
};

// A host: /etc/hosts, then A, then AAAA.
class HostLookup : public std::enable_shared_from_this<HostLookup> {
  public:
    HostLookup(Channels channels, NameQuestion question, Search search, Resolver::Done done) :
        channels_(std::move(channels)), question_(std::move(question)), search_(std::move(search)),
        done_(std::move(done)) {}

    void start();

  private:
    void ask_dns(int family);
    void take(int status, const AresChannel::Addresses& found);
    void prefer_one_family();
    void finish();

    const Channels channels_;
    const NameQuestion question_;
    Search search_;
    const Resolver::Done done_;
    Search::Failure said_ = Search::Failure::kNoRecord;  // of the current name
    NameAnswer answer_;
};

// A service: SRV, then each target as a host.
class ServiceLookup : public std::enable_shared_from_this<ServiceLookup> {
  public:
    ServiceLookup(Channels channels, NameQuestion question, Search search, Resolver::Done done) :
        channels_(std::move(channels)), question_(std::move(question)), search_(std::move(search)),
        done_(std::move(done)) {}

    void start();

  private:
    void take(int status, const AresChannel::Message& message);
    void ask_target(const SrvRecord& record);
    void take_target(const SrvRecord& record, NameAnswer answer);
    void finish(bool denied);

    const Channels channels_;
    const NameQuestion question_;
    Search search_;
    const Resolver::Done done_;
    std::size_t waiting_ = 0;  // targets that are asked for
    std::vector<SrvPlace> found_;
    bool targets_denied_ = true;  // those without an address
    NameAnswer answer_;
};

}  // namespace amba::names
