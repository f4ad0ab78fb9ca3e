// TLS as the docker client speaks it: ca.pem, cert.pem and key.pem of one directory.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <string>

#include "amba/core/result.hpp"
#include "amba/docker/host.hpp"

namespace amba::docker {

// Reads the files. cert.pem and key.pem may be missing together: an Engine that asks for no
// certificate of its clients is one, too. The error names the file.
core::Result<boost::asio::ssl::context> tls_context(const Host& host);

// Before the handshake: whom the certificate has to be of, and SNI. Only a host that is verified
// expects a name. The error is a name that OpenSSL does not take.
core::Result<void> expect_server(SSL* ssl, const Host& host);

// After a handshake that failed with `error`: why, with the verdict on the certificate.
std::string handshake_failure(SSL* ssl, const boost::system::error_code& error);

}  // namespace amba::docker
