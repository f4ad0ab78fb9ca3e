// What an Engine's connection has beyond a client's: names, several addresses, TLS, and words for
// why there is none.
#include "docker/connection.hpp"

#include <sys/stat.h>

#include <boost/asio/error.hpp>
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

http::ClientConnection::Place place_of(const core::Endpoint& endpoint) {
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
    ClientConnection(limits.until, limits.stop), host_(host), limits_(limits) {}

core::Result<std::vector<EngineConnection::Place>> EngineConnection::resolve() {
    names::NameQuestion question;
    question.name = host_.name;
    question.port = host_.port;
    question.both_families = true;
    names::Resolver resolver(loop());
    const auto answer = std::make_shared<names::NameAnswer>();
    const Operation asked = run(until(), [&](const Done& done) {
        resolver.resolve(question, [answer, done](names::NameAnswer got) {
            *answer = std::move(got);
            done({}, 0);
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
        const auto place = http::socket_place(host_.path);
        if (!place) return core::error("the path is too long for a socket");
        return std::vector<Place>{*place};
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
        const auto share = (until() - now) / static_cast<std::int64_t>(found->size() - i);
        connect((*found)[i], now + share, error);
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
    tls_.emplace(socket(), *context_);
    if (auto expected = expect_server(tls_->native_handle(), host_); !expected) return expected;
    const ErrorCode error =
        run(until(), [&](const Done& done) {
            tls_->async_handshake(asio::ssl::stream_base::client,
                                  [done](const ErrorCode& made) { done(made, 0); });
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
    wait_until(core::Time::max());
    if (host_.kind != Host::Kind::kUnix) net::keep_alive(socket().native_handle());
}

void EngineConnection::start_write(const asio::const_buffer& all, const Done& done) {
    if (!tls_) return ClientConnection::start_write(all, done);
    asio::async_write(*tls_, all, done);
}

void EngineConnection::start_read(const asio::mutable_buffer& buffer, const Done& done) {
    if (!tls_) return ClientConnection::start_read(buffer, done);
    tls_->async_read_some(buffer, done);
}

}  // namespace amba::docker
