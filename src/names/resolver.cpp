// Which channels there are, and when resolv.conf is read again.
#include "amba/names/resolver.hpp"

#include <boost/asio/post.hpp>

#include "amba/files/files.hpp"
#include "amba/log/log.hpp"
#include "names/ares_channel.hpp"
#include "names/lookup.hpp"

namespace amba::names {

using namespace std::chrono_literals;

namespace {

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr core::Duration kLook = 1s;  // the least time between two looks at it

}  // namespace

Resolver::Resolver(boost::asio::io_context& loop) : loop_(loop) {}

Resolver::~Resolver() {
    old_.push_back(hosts_);
    old_.push_back(dns_);
    for (const auto& one : old_) {
        if (const auto channel = one.lock()) channel->close();
    }
}

void Resolver::resolve(NameQuestion question, Done done) {
    renew_channels();
    if (!hosts_ || !dns_) {
        boost::asio::post(
            loop_, [alive = std::weak_ptr<bool>(alive_), done = std::move(done), error = error_] {
                NameAnswer answer;
                answer.error = error;
                if (alive.lock()) done(std::move(answer));
            });
        return;
    }
    const Channels channels{hosts_, dns_};
    Search search(question.name, dns_->candidates(question.name), question.known_as);
    if (question.service) {
        std::make_shared<ServiceLookup>(channels, std::move(question), std::move(search),
                                        std::move(done))
            ->start();
    } else {
        std::make_shared<HostLookup>(channels, std::move(question), std::move(search),
                                     std::move(done))
            ->start();
    }
}

// Questions that are sent are answered on the channel where they began.
void Resolver::renew_channels() {
    const core::Time now = core::Clock::now();
    if (now < looked_at_ + kLook) return;
    looked_at_ = now;
    // It may be written in place, replaced by another, or mounted over.
    const auto mark = files::mark(kResolvConf).value_or(files::Mark());
    if (dns_ && mark == resolv_conf_) return;
    const auto hosts = AresChannel::open(loop_, "f");
    const auto dns = AresChannel::open(loop_, "b");
    if (!hosts || !dns) {
        error_ = std::string(kResolvConf) + ": " + (hosts ? dns : hosts).error().reason;
        return;  // the channels that there are serve on
    }
    if (dns_) {
        log::info("names", std::string(kResolvConf) + " has changed and is read again");
        std::erase_if(old_, [](const auto& one) { return one.expired(); });
        old_.push_back(hosts_);
        old_.push_back(dns_);
        (*dns)->take_over(*dns_);
    }
    resolv_conf_ = mark;
    hosts_ = *hosts;
    dns_ = *dns;
}

}  // namespace amba::names
