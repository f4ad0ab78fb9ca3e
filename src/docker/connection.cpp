// Blocking calls that end with their time or with their stop, by an Asio loop of their own.
#include "docker/connection.hpp"

#include <sys/stat.h>

#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <fstream>
#include <memory>
#include <sstream>

#include "amba/core/endpoint.hpp"
#include "amba/names/resolver.hpp"
#include "amba/net/tcp.hpp"
#include "docker/tls.hpp"

namespace amba::docker {

namespace asio = boost::asio;
namespace errc = boost::system::errc;

namespace {

asio::generic::stream_protocol::endpoint place_of(const core::Endpoint& endpoint) {
    sockaddr_storage address{};
    const socklen_t length = endpoint.to_sockaddr(address);
    return {&address, length, IPPROTO_TCP};
}

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// Whether the owner of a file is nobody whom this user namespace knows: the kernel shows the
// overflow ids then (user_namespaces(7), "Unmapped user and group IDs").
bool is_of_nobody(const struct stat& file) {
    const std::string map = first_line("/proc/self/uid_map");
    std::istringstream words(map);
    std::uint64_t inside = 0, outside = 0, count = 0;
    const bool all =
        words >> inside >> outside >> count && inside == 0 && outside == 0 && count >= 0xffffffff;
    return !map.empty() && !all &&
           first_line("/proc/sys/kernel/overflowuid") == std::to_string(file.st_uid) &&
           first_line("/proc/sys/kernel/overflowgid") == std::to_string(file.st_gid);
}

// What lets a user in whom the socket's mode keeps out.
std::string permission_denied(const std::string& path) {
    struct stat socket {};
    if (::stat(path.c_str(), &socket) != 0) {
        return "permission denied; the user needs to be in the group of the socket";
    }
    if (is_of_nobody(socket)) {
        return "permission denied; the Engine maps users (userns-remap), so that no user and no "
               "group of this container is one of the host's: run it with --userns=host and "
               "--group-add with what `stat -c %g` says of the socket on the host";
    }
    return "permission denied; the user needs to be in the group of the socket (gid " +
           std::to_string(socket.st_gid) + ")";
}

}  // namespace

EngineConnection::EngineConnection(const Host& host, const CallLimits& limits) :
    host_(host), limits_(limits), until_(limits.until),
    stopper_(limits.stop, [this] { loop_.stop(); }) {}

// Starts something in the loop and waits for its end. What is given up is told of its own end
// later, in another run or never: it holds the Operation and nothing of this frame.
template <class Start>
EngineConnection::Operation EngineConnection::run(core::Time until, Start start) {
    const auto operation = std::make_shared<Operation>();
    start([operation](const ErrorCode& error, std::size_t bytes = 0) {
        *operation = {true, error, bytes};
    });
    while (!operation->done) {
        // In this order: a stop before the restart is seen here, one after it ends the wait.
        loop_.restart();
        if (limits_.stop.stop_requested()) return {true, asio::error::operation_aborted, 0};
        if (until == core::Time::max()) {
            loop_.run_one();
        } else if (loop_.run_one_until(until) == 0 && core::Clock::now() >= until) {
            return {true, boost::beast::error::timeout, 0};
        }
    }
    return *operation;
}

core::Result<std::vector<EngineConnection::Place>> EngineConnection::resolve() {
    names::NameQuestion question;
    question.name = host_.name;
    question.port = host_.port;
    question.both_families = true;
    names::Resolver resolver(loop_);
    const auto answer = std::make_shared<names::NameAnswer>();
    const Operation asked = run(until_, [&](auto done) {
        resolver.resolve(question, [answer, done](names::NameAnswer got) {
            *answer = std::move(got);
            done(ErrorCode());
        });
    });
    if (asked.error) return core::error(why_not(asked.error));
    std::vector<Place> found;
    for (const names::ResolvedPlace& place : answer->places)
        found.push_back(place_of(place.endpoint));
    if (found.empty()) return core::error("the name does not resolve: " + answer->error);
    return found;
}

core::Result<std::vector<EngineConnection::Place>> EngineConnection::places() {
    if (host_.kind == Host::Kind::kUnix) {
        std::string path = host_.path;
        if (path.starts_with('@')) path[0] = '\0';
        try {
            return std::vector<Place>{asio::local::stream_protocol::endpoint(path)};
        } catch (const boost::system::system_error&) {
            return core::error("the path is too long for a socket");
        }
    }
    if (const auto address = core::Address::parse(host_.name)) {
        return std::vector<Place>{place_of({*address, host_.port})};
    }
    return resolve();
}

core::Result<void> EngineConnection::open() {
    const auto found = places();
    if (!found) return found.error();
    ErrorCode error;
    for (std::size_t i = 0; i < found->size(); ++i) {
        // An address that never answers leaves time for the next one.
        const core::Time now = core::Clock::now();
        const auto share = (until_ - now) / static_cast<std::int64_t>(found->size() - i);
        ErrorCode ignored;
        socket_.close(ignored);
        error =
            run(now + share, [&](auto done) { socket_.async_connect((*found)[i], done); }).error;
        if (!error || error == asio::error::operation_aborted) break;
    }
    if (error) return core::error(why_not(error));
    if (host_.kind == Host::Kind::kTls) return shake_hands();
    return {};
}

core::Result<void> EngineConnection::shake_hands() {
    auto context = tls_context(host_);
    if (!context) return context.error();
    context_.emplace(std::move(*context));
    tls_.emplace(socket_, *context_);
    if (auto expected = expect_server(tls_->native_handle(), host_); !expected) return expected;
    const ErrorCode error = run(until_, [&](auto done) {
                                tls_->async_handshake(asio::ssl::stream_base::client, done);
                            }).error;
    if (!error) return {};
    if (error == boost::beast::error::timeout || error == asio::error::operation_aborted) {
        return core::error(why_not(error));
    }
    return core::error(handshake_failure(tls_->native_handle(), error));
}

std::string EngineConnection::why_not(const ErrorCode& error) const {
    if (error == boost::beast::error::timeout) {
        return "cannot connect within " + core::to_string(limits_.time);
    }
    if (error == asio::error::operation_aborted) return "given up";
    if (error == asio::error::connection_refused) return "nobody listens there";
    if (host_.kind != Host::Kind::kUnix) return "cannot connect: " + error.message();
    if (error == errc::no_such_file_or_directory) {
        return "there is no such socket; does a Docker Engine run here?";
    }
    if (error == errc::permission_denied) return permission_denied(host_.path);
    return "cannot connect: " + error.message();
}

void EngineConnection::wait_without_end() {
    until_ = core::Time::max();
    if (host_.kind != Host::Kind::kUnix) net::keep_alive(socket_.native_handle());
}

void EngineConnection::write(std::string_view bytes, ErrorCode& error) {
    const auto all = asio::buffer(bytes.data(), bytes.size());
    error = run(until_, [&](auto done) {
                if (tls_)
                    asio::async_write(*tls_, all, done);
                else
                    asio::async_write(socket_, all, done);
            }).error;
}

std::size_t EngineConnection::read(const asio::mutable_buffer& buffer, ErrorCode& error) {
    const Operation got = run(until_, [&](auto done) {
        if (tls_)
            tls_->async_read_some(buffer, done);
        else
            socket_.async_read_some(buffer, done);
    });
    error = got.error;
    return got.bytes;
}

}  // namespace amba::docker
