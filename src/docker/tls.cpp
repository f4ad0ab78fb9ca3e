// An OpenSSL context with the files of the docker client, and an error that names the file.
#include "docker/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>

#include "amba/core/endpoint.hpp"

namespace amba::docker {

namespace ssl = boost::asio::ssl;
using ErrorCode = boost::system::error_code;

namespace {

// OpenSSL's own words for a file that cannot be opened do not say why.
core::Result<void> readable(const std::string& file) {
    if (::access(file.c_str(), R_OK) == 0) return {};
    return core::os_error("cannot read " + file, errno);
}

core::Result<void> read(const std::string& file, const ErrorCode& error) {
    if (!error) return {};
    return core::error(file + " is not understood: " + error.message());
}

core::Result<void> read_authority(ssl::context& context, const Host& host) {
    const std::string file = host.certificates + "/ca.pem";
    if (auto there = readable(file); !there) return there;
    ErrorCode error;
    context.load_verify_file(file, error);
    if (!error) context.set_verify_mode(ssl::verify_peer, error);
    return read(file, error);
}

core::Result<void> read_certificate(ssl::context& context, const Host& host) {
    const std::string certificate = host.certificates + "/cert.pem";
    const std::string key = host.certificates + "/key.pem";
    if (::access(certificate.c_str(), F_OK) != 0 && ::access(key.c_str(), F_OK) != 0) return {};
    for (const std::string& file : {certificate, key}) {
        if (auto there = readable(file); !there) return there;
    }
    ErrorCode error;
    context.use_certificate_chain_file(certificate, error);
    if (error) return read(certificate, error);
    context.use_private_key_file(key, ssl::context::pem, error);
    return read(key, error);
}

}  // namespace

core::Result<ssl::context> tls_context(const Host& host) {
    ssl::context context(ssl::context::tls_client);
    ErrorCode error;
    context.set_options(ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, error);
    if (error) return core::error("TLS: " + error.message());
    if (host.verify) {
        if (auto authority = read_authority(context, host); !authority) return authority.error();
    }
    if (auto own = read_certificate(context, host); !own) return own.error();
    return context;
}

core::Result<void> expect_server(SSL* ssl, const Host& host) {
    const bool literal = core::Address::parse(host.name).has_value();
    bool well = true;
    // SNI knows no addresses (RFC 6066, 3).
    if (!literal) well = SSL_set_tlsext_host_name(ssl, host.name.c_str()) == 1;
    if (host.verify) {
        X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
        // As the docker client has it: the alternative names count, the common name does not.
        X509_VERIFY_PARAM_set_hostflags(
            expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        const int taken =
            literal ? X509_VERIFY_PARAM_set1_ip_asc(expected, host.name.c_str())
                    : X509_VERIFY_PARAM_set1_host(expected, host.name.c_str(), host.name.size());
        well = well && taken == 1;
    }
    if (!well) return core::error("TLS: " + core::quote(host.name) + " is no name of a server");
    return {};
}

std::string handshake_failure(SSL* ssl, const ErrorCode& error) {
    const long verdict = SSL_get_verify_result(ssl);
    if (SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE && verdict != X509_V_OK) {
        return std::string("the server's certificate is refused: ") +
               X509_verify_cert_error_string(verdict);
    }
    return "the TLS handshake failed: " + error.message();
}

}  // namespace amba::docker
