// DOCKER_HOST and its kin, taken apart.
#include "amba/docker/host.hpp"

#include <sys/un.h>

#include <algorithm>

#include "amba/core/endpoint.hpp"
#include "docker/environment.hpp"

namespace amba::docker {

namespace {

constexpr std::uint16_t kPort = 2375;
constexpr std::uint16_t kTlsPort = 2376;
constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";
constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::size_t kLongestName = 253;  // RFC 1035

// A host name, or an IPv4 literal; Compose makes names with underscores.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kLongestName &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
           });
}

// NAME, NAME:PORT, [IPv6] or [IPv6]:PORT; false when it is none of them.
bool read_authority(std::string_view text, Host& host) {
    std::size_t colon = text.rfind(':');
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return false;
        const std::string_view literal = text.substr(1, close - 1);
        const auto address = core::Address::parse(literal);
        if (!address || literal.find(':') == std::string_view::npos) return false;
        host.name = literal;
        if (close + 1 == text.size()) return true;
        if (text[close + 1] != ':') return false;
        colon = close + 1;
    } else {
        const std::string_view name = text.substr(0, colon);
        // Docker's own default where there is no name.
        host.name = name.empty() ? "127.0.0.1" : name;
        if (!is_name(host.name)) return false;
        if (colon == std::string_view::npos) return true;
    }
    const auto port = core::parse_port(text.substr(colon + 1));
    host.port = port.value_or(0);
    return port.has_value();
}

}  // namespace

std::string Host::to_string() const {
    if (kind == Kind::kUnix) return std::string(kUnix) + path;
    const bool brackets = name.find(':') != std::string::npos;
    return std::string(kTcp) + (brackets ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

core::Result<Host> parse_host(std::string_view text, bool tls, const std::string& certificates,
                              bool verify) {
    Host host;
    if (text.starts_with(kUnix)) {
        const std::string_view path = text.substr(kUnix.size());
        if (path.size() > kLongestPath) {
            return core::error("the Docker host " + core::quote(text) +
                               " has a path of more than " + std::to_string(kLongestPath) +
                               " bytes, which no socket has");
        }
        if (!path.empty()) host.path = path;
        return host;
    }
    if (text.starts_with(kTcp)) {
        std::string_view authority = text.substr(kTcp.size());
        if (authority.ends_with('/')) authority.remove_suffix(1);
        host.kind = tls ? Host::Kind::kTls : Host::Kind::kTcp;
        host.port = tls ? kTlsPort : kPort;
        host.verify = verify;
        if (tls) host.certificates = certificates;
        if (read_authority(authority, host)) return host;
    } else if (text.empty()) {
        return host;
    }
    return core::error("the Docker host " + core::quote(text) +
                       " is not understood; expected unix://PATH or tcp://HOST:PORT");
}

core::Result<Host> host_of_environment(std::string_view text) {
    const std::string host = text.empty() ? environment("DOCKER_HOST") : std::string(text);
    const bool verify = !environment("DOCKER_TLS_VERIFY").empty();
    const bool tls = verify || !environment("DOCKER_TLS").empty();
    std::string certificates = environment("DOCKER_CERT_PATH");
    if (certificates.empty()) certificates = config_directory();
    return parse_host(host, tls, certificates, verify);
}

}  // namespace amba::docker
