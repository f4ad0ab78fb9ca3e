// Where an Engine listens, in the words of the docker client: DOCKER_HOST, DOCKER_TLS,
// DOCKER_TLS_VERIFY, DOCKER_CERT_PATH (docs.docker.com, "Protect the Docker daemon socket").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "amba/core/result.hpp"

namespace amba::docker {

struct Host {
    enum class Kind { kUnix, kTcp, kTls } kind = Kind::kUnix;
    std::string path = "/var/run/docker.sock";  // kUnix; with '@' in front an abstract name
    std::string name = {};                      // kTcp, kTls: a name or a literal without brackets
    std::uint16_t port = 0;                     // kTcp, kTls
    std::string certificates = {};  // kTls: the directory of ca.pem, cert.pem and key.pem
    bool verify = true;             // kTls: the server's certificate against ca.pem and its name

    std::string to_string() const;  // unix://PATH or tcp://NAME:PORT
};

// "unix:///var/run/docker.sock", "tcp://10.0.0.1:2375", "tcp://[::1]:2376", or "" for the default.
// With `tls` a tcp:// host is asked over TLS; the port is then 2376 when none is given, else 2375.
// Reads no file: a certificate that is missing is found out by the first call.
core::Result<Host> parse_host(std::string_view text, bool tls, const std::string& certificates,
                              bool verify = true);

// The same from the environment: DOCKER_HOST when `text` is empty, DOCKER_TLS_VERIFY (not empty:
// TLS, verified), DOCKER_TLS (not empty: TLS, not verified), DOCKER_CERT_PATH (by default
// DOCKER_CONFIG, and else ~/.docker).
core::Result<Host> host_of_environment(std::string_view text = {});

}  // namespace amba::docker
