// What is given away, in which order, and what becomes of it when the other fails.
#include "daemon/successor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "amba/core/count_of.hpp"
#include "amba/core/version.hpp"
#include "amba/log/log.hpp"
#include "amba/table/words.hpp"
#include "daemon/own_container.hpp"

namespace amba::daemon {

using namespace std::chrono_literals;
using handover::Socket;

namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";
// For the other to be sent everything, to prepare it, and to serve.
constexpr auto kSendTime = 10s;
constexpr auto kReadyTime = 30s;
constexpr auto kServesTime = 60s;
// The same for one that is told to stop: Docker kills after ten seconds.
constexpr auto kStopTime = 3s;
constexpr std::size_t kMostContainers = 100;
// The thread's: above 0, and no more, since connections of a busy process would hold it up.
constexpr int kNice = 1;

std::uint64_t network_namespace() {
    struct stat info {};
    return ::stat("/proc/self/ns/net", &info) == 0 ? info.st_ino : 0;
}

core::Result<void> expect(net::MessageChannel& channel, const std::string& word, core::Time until) {
    const auto got = channel.receive(handover::kMostText, until);
    if (!got) return got.error();
    if (*got == word) return {};
    return core::error("it says " + core::quote(*got) + "; expected " + word);
}

// Beside the loop: until the other is ready.
core::Result<void> send_all(net::MessageChannel& channel, const Handover& handover,
                            const std::vector<int>& descriptors) {
    const core::Time until = core::Clock::now() + kSendTime;
    if (auto hello = expect(channel, handover::kHello, until); !hello) return hello;
    const handover::Texts texts = to_texts(handover, core::Clock::now());
    for (const std::string* text : {&texts.main, &texts.active, &texts.kept, &texts.status}) {
        if (auto sent = channel.send(*text, until); !sent) return sent;
    }
    if (auto sent = channel.send_descriptors(descriptors, until); !sent) return sent;
    return expect(channel, handover::kReady, core::Clock::now() + kReadyTime);
}

// Beside the loop: until the other serves.
core::Result<std::vector<core::Bind>> give(net::MessageChannel& channel) {
    const core::Time until = core::Clock::now() + kServesTime;
    if (const auto sent = channel.send(handover::kYours, until); !sent) return sent.error();
    if (const auto serves = expect(channel, handover::kServes, until); !serves) {
        return serves.error();
    }
    const auto text = channel.receive(handover::kMostText, until);
    if (!text) return text.error();
    std::vector<core::Bind> spare;
    std::istringstream words(*text);
    for (std::string word; words >> word;) {
        if (const auto bind = table::parse_bind(word)) spare.push_back(*bind);
    }
    return spare;
}

}  // namespace

Successor::~Successor() {
    if (channel_) channel_->cancel();
}

Successor::Successor(boost::asio::io_context& loop, const Estate& estate,
                     std::function<void()> over) :
    loop_(loop),
    estate_(estate), over_(std::move(over)), patience_(loop) {}

// Who may connect to the socket may ask for tables to be judged; who is given the sockets of an
// ambassador has all that passes through it.
std::string Successor::refusal(const admin::Request& request) const {
    if (!request.uid || (*request.uid != 0 && *request.uid != ::geteuid())) {
        return "only user " + std::to_string(::geteuid()) + ", as this ambassador, or root";
    }
    const std::string told = request.parameter("netns");
    std::uint64_t theirs = 0;
    std::from_chars(told.data(), told.data() + told.size(), theirs);
    const std::uint64_t ours = network_namespace();
    if (theirs != 0 && ours != 0 && theirs != ours) {
        return "it runs in another network namespace than this ambassador";
    }
    return {};
}

void Successor::handle(const admin::Request& request, admin::Server::Respond respond) {
    if (request.method != "POST") return respond({405, kPlain, "POST alone\n"});
    if (request.upgrade != handover::kProtocol) {
        return respond(
            {426, kPlain, std::string("expected Upgrade: ") + handover::kProtocol + "\n"});
    }
    if (const std::string why = refusal(request); !why.empty()) {
        log::warning("takeover", "refused: " + why);
        return respond({403, kPlain, why + "\n"});
    }
    if (busy()) return respond({503, kPlain, "another one takes over already\n"});
    admin::Reply reply{101, kPlain, ""};
    reply.switched = [this](net::Descriptor connection) {
        begin(std::move(connection));
    };
    respond(std::move(reply));
}

void Successor::begin(net::Descriptor connection) {
    if (busy() || then_ || !over_) return;  // the other sees that it is closed, and asks again
    channel_ = std::make_shared<net::MessageChannel>(std::move(connection));
    log::info("takeover", "another ambassador is taking over");
    beside_.emplace(loop_, kNice);
    beside_->go_beside();
    estate_.reload.hold([this] { offer(); });
}

void Successor::offer() {
    estate_.activate.tell([this](Activate::Knowledge known) {
        const auto talk = std::make_shared<Talk>();
        talk->channel = channel_;
        talk->handover.frontends = record(known.serving);
        talk->handover.names = std::move(known.names);
        talk->handover.kept = std::move(known.kept);
        gather(*talk);
        beside_->run(
            [talk] {
                const auto sent = send_all(*talk->channel, talk->handover, talk->descriptors);
                if (!sent) talk->failure = sent.error().reason;
            },
            [this, talk] { offered(talk); });
    });
}

// All that the loop alone may read.
void Successor::gather(Talk& talk) const {
    Handover& out = talk.handover;
    const auto add = [&](Socket::Kind kind, const std::string& name, int fd) {
        out.sockets.push_back({kind, name});
        talk.descriptors.push_back(fd);
    };
    if (const ActivePtr active = estate_.activate.active()) {
        out.active = volume::ActiveDocument{active->table, active->generation, active->revision,
                                            estate_.command_line, estate_.reload.judged()};
    }
    out.status.now = core::Clock::now();
    out.status.tables_applied = estate_.reload.applied();
    out.status.tables_rejected = estate_.reload.rejected();
    out.status.frontends = estate_.activate.proxy().view();
    std::erase_if(out.status.frontends, [](const auto& view) { return view.leaving; });
    out.containers = estate_.containers;
    if (std::string own = own_container(); !own.empty()) out.containers.push_back(std::move(own));
    if (out.containers.size() > kMostContainers) out.containers.erase(out.containers.begin());
    if (estate_.lock) add(Socket::Kind::kLock, "", estate_.lock.get());
    estate_.activate.proxy().list_sockets([&](const core::Bind& bind, int fd) {
        add(Socket::Kind::kFrontend, bind.to_string(), fd);
    });
    for (const admin::Server::Socket& one : estate_.server.sockets()) {
        if (one.name == estate_.paths.socket())
            add(Socket::Kind::kSocket, "", one.fd);
        else if (one.name.starts_with('@'))
            add(Socket::Kind::kHidden, "", one.fd);
        else
            add(Socket::Kind::kAdmin, one.name, one.fd);
    }
}

void Successor::offered(const TalkPtr& talk) {
    if (!talk->failure.empty()) return say_no(talk);
    given_ = true;
    beside_->run(
        [talk] {
            auto spare = give(*talk->channel);
            if (spare)
                talk->spare = std::move(*spare);
            else
                talk->failure = spare.error().reason;
        },
        [this, talk] { given(talk); });
}

void Successor::given(const TalkPtr& talk) {
    if (!talk->failure.empty()) return say_no(talk);
    proxy::Proxy& proxy = estate_.activate.proxy();
    const std::unordered_set<core::Bind, core::BindHash> spare(talk->spare.begin(),
                                                               talk->spare.end());
    if (!spare.empty()) {
        proxy.stop_listening([&](const core::Bind& bind) { return spare.contains(bind); });
    }
    proxy.leave_sockets();
    estate_.server.leave_sockets();
    estate_.reload.stop();
    estate_.activate.stop();
    log::info("takeover", "another ambassador serves now; " +
                              core::count_of(proxy.connections().now, "connection") +
                              " here until they end");
    std::exchange(over_, nullptr)();
    end();
}

// The other waits for a word: without one it would take this process for dead, and serve.
void Successor::say_no(const TalkPtr& talk) {
    beside_->run([talk] { (void)talk->channel->send(handover::kNo, core::Clock::now() + 1s); },
                 [this, talk] { failed(talk->failure); });
}

void Successor::failed(const std::string& why) {
    log::warning("takeover", "it has failed, and this ambassador goes on: " + why);
    estate_.reload.resume();
    end();
}

void Successor::end() {
    channel_.reset();
    given_ = false;
    patience_.cancel();
    if (const auto then = std::exchange(then_, nullptr)) then();
}

void Successor::give_up(std::function<void()> then) {
    if (!busy()) return then();
    then_ = std::move(then);
    patience_.expires_after(kStopTime);
    patience_.async_wait([this](boost::system::error_code error) {
        if (!error && busy() && !given_) channel_->cancel();
    });
}

}  // namespace amba::daemon
