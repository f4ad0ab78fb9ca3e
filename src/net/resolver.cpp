#include "amba/net/resolver.hpp"

#include <ares.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/post.hpp>

#include "net/ares_channel.hpp"

namespace amba::net {

class Resolver::Channel : public AresChannel {
    using AresChannel::AresChannel;
};

// One name through its steps: /etc/hosts, then A, then AAAA.
class Resolver::Lookup : public std::enable_shared_from_this<Resolver::Lookup> {
  public:
    Lookup(std::shared_ptr<Channel> hosts, std::shared_ptr<Channel> dns, Question question,
           Done done) :
        hosts_(std::move(hosts)),
        dns_(std::move(dns)), question_(std::move(question)), done_(std::move(done)) {}

    void start() {
        hosts_->ask(question_.name, AF_UNSPEC,
                    [self = shared_from_this()](int status, ares_addrinfo* result) {
                        self->take(status, result);
                        self->answer_.ttl = core::Duration(0);
                        self->prefer_one_family();
                        if (!self->answer_.addresses.empty()) return self->finish();
                        self->ask_dns(AF_INET);
                    });
    }

  private:
    void ask_dns(int family) {
        dns_->ask(question_.name, family,
                  [self = shared_from_this(), family](int status, ares_addrinfo* result) {
                      self->take(status, result);
                      const bool enough =
                          !self->question_.both_families && !self->answer_.addresses.empty();
                      if (family == AF_INET6 || enough) return self->finish();
                      self->ask_dns(AF_INET6);
                  });
    }

    void take(int status, ares_addrinfo* result) {
        if (status != ARES_SUCCESS) {
            // What DNS said last counts, but "no such record" of AAAA does not hide a SERVFAIL of
            // A.
            if (answer_.error.empty() || (status != ARES_ENODATA && status != ARES_ENOTFOUND)) {
                answer_.error = ares_strerror(status);
            }
            return;
        }
        for (const ares_addrinfo_node* node = result->nodes; node; node = node->ai_next) {
            const auto address = core::Endpoint::from_sockaddr(node->ai_addr).address;
            auto& list =
                question_.own && question_.own(address) ? answer_.skipped : answer_.addresses;
            if (std::find(list.begin(), list.end(), address) != list.end()) continue;
            list.push_back(address);
            const core::Duration ttl = std::chrono::seconds(std::max(node->ai_ttl, 1));
            answer_.ttl = answer_.ttl.count() == 0 ? ttl : std::min(answer_.ttl, ttl);
        }
        ares_freeaddrinfo(result);
    }

    // /etc/hosts is asked for both families at once.
    void prefer_one_family() {
        auto& all = answer_.addresses;
        const auto is_v6 = [](const core::Address& a) {
            return a.is_v6();
        };
        if (question_.both_families || std::all_of(all.begin(), all.end(), is_v6)) return;
        std::erase_if(all, is_v6);
    }

    void finish() {
        if (!answer_.addresses.empty())
            answer_.error.clear();
        else if (!answer_.skipped.empty())
            answer_.error = "it resolves to this ambassador alone";
        else if (answer_.error.empty())
            answer_.error = "no address";
        std::sort(answer_.addresses.begin(), answer_.addresses.end());
        done_(std::move(answer_));
    }

    const std::shared_ptr<Channel> hosts_;
    const std::shared_ptr<Channel> dns_;  // of the resolv.conf at the time of the question
    const Question question_;
    const Done done_;
    Answer answer_;
};

Resolver::Resolver(boost::asio::io_context& loop) : loop_(loop) {}

Resolver::~Resolver() = default;

void Resolver::resolve(Question question, Done done) {
    boost::asio::post(loop_, [this, question = std::move(question), done = std::move(done)] {
        renew_channel();
        // A channel reads /etc/hosts when it asks it, and keeps nothing.
        auto hosts = std::make_shared<Channel>(loop_, "f");
        std::make_shared<Lookup>(std::move(hosts), dns_, question, done)->start();
    });
}

void Resolver::renew_channel() {
    struct stat now {};
    std::string mark = "none";
    if (::stat("/etc/resolv.conf", &now) == 0) {
        mark = std::to_string(now.st_ino) + "." + std::to_string(now.st_mtim.tv_sec) + "." +
               std::to_string(now.st_mtim.tv_nsec) + "." + std::to_string(now.st_size);
    }
    if (dns_ && mark == resolv_conf_) return;
    resolv_conf_ = mark;
    dns_ = std::make_shared<Channel>(loop_, "b");
}

}  // namespace amba::net
