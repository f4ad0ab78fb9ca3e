// HTTP for few and short requests: who is let in, who gives way, and what a connection may take.
#include "amba/admin/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <list>
#include <optional>
#include <utility>

#include "amba/core/duration.hpp"
#include "amba/files/files.hpp"
#include "amba/net/budget.hpp"
#include "amba/net/descriptor.hpp"
#include "amba/net/tcp.hpp"

namespace amba::admin {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPlain = "text/plain; charset=utf-8";
constexpr auto kRequestTime = 10s;
// Who has not taken an answer in this time may have to give way to another.
constexpr auto kSlow = 1s;
constexpr auto kReplyTime = 60s;
constexpr auto kRetryAccept = 100ms;
// Connections that those over TCP leave to the UNIX socket, as they may all be waiting for an
// answer.
constexpr std::size_t kForLocal = 2;
constexpr std::size_t kMostHeader = 8 * 1024;
constexpr std::size_t kMostBody = 64 * 1024;
// The page holds its script, style and icon, and asks nobody but the ambassador.
constexpr const char* kContentPolicy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:";

std::optional<uid_t> peer_uid(int fd) {
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return std::nullopt;
    return peer.uid;
}

}  // namespace

// The connections of all listeners, which they may outlive.
struct Server::Roster {
    std::list<Connection*> open;             // in the order of their arrival
    net::Reservation make_room(bool local);  // empty: there is none for now
    Connection* first(bool (Connection::*is)() const) const;
    Connection* next_to_go() const;
};

// Over TCP it is named by its address and has one, over a UNIX socket by its path.
struct Server::Listener {
    Listener(asio::io_context& loop, net::Descriptor fd, std::string name_in,
             std::optional<core::Bind> at) :
        descriptor(loop, fd.release()),
        retry(loop), name(std::move(name_in)), bind(at) {
        if (local() && !name.starts_with('@')) made = files::file_id(name);
    }
    ~Listener() {
        // By now the path may be another's.
        if (is_there()) ::unlink(name.c_str());
    }
    bool local() const { return !bind; }
    // Its path leads to it.
    bool is_there() const { return made && files::file_id(name) == made; }

    asio::posix::stream_descriptor descriptor;
    asio::steady_timer retry;
    std::string name;
    std::optional<core::Bind> bind;
    std::optional<files::FileId> made;  // of a path
    net::Reservation reservation = net::Reservation::add(net::Budget::Use::kListeners);
};

// One request and its reply.
class Server::Connection : public std::enable_shared_from_this<Server::Connection> {
  public:
    Connection(asio::io_context& loop, int fd, net::Reservation reservation, bool local,
               Handler handler, std::shared_ptr<Roster> roster) :
        descriptor_(loop, fd),
        reservation_(std::move(reservation)), timer_(loop), local_(local),
        handler_(std::move(handler)), roster_(std::move(roster)),
        place_(roster_->open.insert(roster_->open.end(), this)) {
        parser_.header_limit(kMostHeader);
        parser_.body_limit(kMostBody);
    }
    ~Connection() { leave(); }

    void start() {
        limit(kRequestTime);
        http::async_read(descriptor_, buffer_, parser_,
                         [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                             self->asked_ = true;
                             if (error) return self->refuse(error);
                             self->handle();
                         });
    }

    // Its request has not arrived yet.
    bool idle() const { return !asked_; }
    bool is_slow() const { return replied_ && core::Clock::now() - *replied_ >= kSlow; }
    void give_way() {
        leave();
        descriptor_.close();
        reservation_.reset();
    }

  private:
    void leave() {
        if (std::exchange(in_roster_, false)) roster_->open.erase(place_);
    }

    void limit(std::chrono::seconds time) {
        timer_.expires_after(time);
        timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
            const auto connection = self.lock();
            if (!error && connection) connection->give_way();
        });
    }

    void refuse(boost::system::error_code error) {
        const bool large = error == http::error::header_limit || error == http::error::body_limit;
        if (large) return reply({431, kPlain, "request too large\n"});
        if (error.category() == make_error_code(http::error::bad_method).category() &&
            error != http::error::end_of_stream) {
            return reply({400, kPlain, "bad request\n"});
        }
    }

    void handle() {
        limit(kReplyTime);
        const auto& message = parser_.get();
        Request request;
        request.method = std::string(message.method_string());
        const auto target = boost::urls::parse_origin_form(message.target());
        if (!target) {
            return reply({400, kPlain, "expected a path and its query (RFC 9112, 3.2.1)\n"});
        }
        request.path = target->path();
        for (const auto& parameter : target->params())
            request.query.emplace(parameter.key, parameter.value);
        request.local = local_;
        if (local_) request.uid = peer_uid(descriptor_.native_handle());
        if (http::token_list(message[http::field::connection]).exists("upgrade")) {
            request.upgrade = std::string(message[http::field::upgrade]);
        }
        handler_(request,
                 [self = shared_from_this()](Reply reply) { self->reply(std::move(reply)); });
    }

    void reply(Reply reply) {
        if (!in_roster_) return;
        limit(kRequestTime);
        replied_ = core::Clock::now();
        response_.result(reply.status);
        response_.set(http::field::content_type, reply.type);
        response_.set(http::field::cache_control, "no-store");
        response_.set("Content-Security-Policy", kContentPolicy);
        response_.set("X-Content-Type-Options", "nosniff");
        response_.set("Referrer-Policy", "no-referrer");
        response_.keep_alive(false);
        if (reply.switched) {
            response_.set(http::field::connection, "Upgrade");
            response_.set(http::field::upgrade, parser_.get()[http::field::upgrade]);
        }
        reply_ = std::move(reply);
        const std::string& text = reply_.shared ? *reply_.shared : reply_.body;
        response_.body() = {text.data(), text.size()};
        response_.prepare_payload();
        if (parser_.get().method() == http::verb::head) response_.body() = {};
        http::async_write(
            descriptor_, response_,
            [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                if (self->reply_.switched && !error) return self->switch_over();
                ::shutdown(self->descriptor_.native_handle(), SHUT_WR);
                self->timer_.cancel();
            });
    }

    void switch_over() {
        timer_.cancel();
        leave();
        net::Descriptor connection(descriptor_.release());
        reservation_.reset();
        std::exchange(reply_.switched, nullptr)(std::move(connection));
    }

    asio::posix::stream_descriptor descriptor_;
    net::Reservation reservation_;  // of descriptor_
    asio::steady_timer timer_;
    const bool local_;
    const Handler handler_;
    const std::shared_ptr<Roster> roster_;
    const std::list<Connection*>::iterator place_;
    bool in_roster_ = true;
    bool asked_ = false;
    std::optional<core::Time> replied_;
    boost::beast::flat_buffer buffer_;
    http::request_parser<http::string_body> parser_;
    Reply reply_;
    http::response<http::span_body<const char>> response_;  // of reply_
};

Server::Connection* Server::Roster::first(bool (Connection::*is)() const) const {
    const auto found = std::find_if(open.begin(), open.end(), std::mem_fn(is));
    return found == open.end() ? nullptr : *found;
}

Server::Connection* Server::Roster::next_to_go() const {
    Connection* const idle = first(&Connection::idle);
    return idle != nullptr ? idle : first(&Connection::is_slow);
}

net::Reservation Server::Roster::make_room(bool local) {
    constexpr auto kAdmin = net::Budget::Use::kAdmin;
    while (!net::Budget::of_process().has_room(kAdmin, local ? 1 : 1 + kForLocal)) {
        Connection* const goes = next_to_go();
        if (goes == nullptr) return {};
        goes->give_way();
    }
    return net::Reservation::take(kAdmin);
}

Server::Server(asio::io_context& loop, Handler handler) :
    loop_(loop), handler_(std::move(handler)), roster_(std::make_shared<Roster>()) {}

Server::~Server() = default;

core::Result<void> Server::listen_unix(const std::string& path) {
    if (net::Descriptor inherited = take_inherited(path)) {
        add(std::move(inherited), path, std::nullopt);
        return {};
    }
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return core::error("cannot listen on " + path + ": the path is longer than " +
                           std::to_string(sizeof address.sun_path - 1) + " bytes (unix(7))");
    }
    const bool abstract = path.starts_with('@');
    std::memcpy(address.sun_path, path.c_str(), path.size());
    if (abstract) address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(
        abstract ? offsetof(sockaddr_un, sun_path) + path.size() : sizeof address);
    net::Descriptor fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return core::os_error("cannot listen on " + path, errno);
    // A listener of this server's own, whose name was removed and is made again.
    std::erase_if(listeners_,
                  [&](const auto& listener) { return !abstract && listener->name == path; });
    // Left by one that was killed: the lock says that it is not in use. What cannot be removed is
    // the reason to tell, and not that the address is in use.
    if (!abstract && ::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return core::os_error("cannot replace " + path, errno);
    }
    // A name that is removed already is no failure: its owner looks for it afterwards.
    const auto open_to_all = [&] {
        return abstract || ::chmod(path.c_str(), 0666) == 0 || errno == ENOENT;
    };
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 || !open_to_all() ||
        ::listen(fd.get(), 128) != 0) {
        return core::os_error("cannot listen on " + path, errno);
    }
    add(std::move(fd), path, std::nullopt);
    return {};
}

void Server::add(net::Descriptor fd, std::string name, std::optional<core::Bind> at) {
    listeners_.push_back(std::make_shared<Listener>(loop_, std::move(fd), std::move(name), at));
    accept(listeners_.back());
}

core::Result<void> Server::listen_tcp(const core::Bind& bind) {
    if (net::Descriptor inherited = take_inherited(bind.to_string())) {
        add(std::move(inherited), bind.to_string(), bind);
        return {};
    }
    auto fd = net::bind_to(bind, false);
    if (!fd) return fd.error();
    if (const auto refused = net::start_listening(fd->get(), bind)) return *refused;
    add(std::move(*fd), bind.to_string(), bind);
    return {};
}

void Server::stop_listening(const core::Bind& bind) {
    std::erase_if(listeners_, [&bind](const std::shared_ptr<Listener>& listener) {
        return listener->bind == bind;
    });
}

std::vector<Server::Socket> Server::sockets() const {
    std::vector<Socket> out;
    for (const auto& listener : listeners_) {
        if (listener->made && !listener->is_there()) continue;
        out.push_back({listener->name, listener->descriptor.native_handle()});
    }
    return out;
}

void Server::inherit(std::string name, net::Descriptor fd) {
    inherited_.insert_or_assign(std::move(name), std::move(fd));
}

net::Descriptor Server::take_inherited(const std::string& name) {
    auto found = inherited_.extract(name);
    return found ? std::move(found.mapped()) : net::Descriptor();
}

void Server::leave_sockets() {
    for (const auto& listener : listeners_)
        listener->made.reset();  // its path is the other process's
    listeners_.clear();
}

bool Server::close_slowest() {
    Connection* const slow = roster_->first(&Connection::is_slow);
    if (slow != nullptr) slow->give_way();
    return slow != nullptr;
}

void Server::close() {
    listeners_.clear();
}

// A listener may be gone while the loop has its event in hand.
void Server::accept(const std::shared_ptr<Listener>& listener) {
    listener->descriptor.async_wait(
        asio::posix::stream_descriptor::wait_read,
        [this, known = std::weak_ptr(listener)](boost::system::error_code error) {
            const auto still = known.lock();
            if (error || !still) return;
            net::Reservation reservation = roster_->make_room(still->local());
            bool pause = !reservation;
            if (!pause) {
                const int fd = accept4(still->descriptor.native_handle(), nullptr, nullptr,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (fd >= 0) {
                    std::make_shared<Connection>(loop_, fd, std::move(reservation), still->local(),
                                                 handler_, roster_)
                        ->start();
                }
                pause = fd < 0 && errno != EAGAIN && errno != ECONNABORTED;
            }
            if (!pause) return accept(still);
            still->retry.expires_after(kRetryAccept);
            still->retry.async_wait([this, known](boost::system::error_code stopped) {
                const auto again = known.lock();
                if (!stopped && again) accept(again);
            });
        });
}

}  // namespace amba::admin
