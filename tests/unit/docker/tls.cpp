// TLS, against a server of OpenSSL's own that answers /_ping.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>

#include "amba/docker/engine.hpp"
#include "support/peer.hpp"
#include "tests/unit/docker/certificates.hpp"
#include "tests/unit/docker/fake_engine.hpp"

using namespace amba;
using namespace amba::docker;
using namespace std::chrono_literals;
using testing::StartsWith;

namespace {

class TlsServer {
  public:
    // Its certificate; with `clients` it wants one of theirs, signed by that authority.
    TlsServer(const Certificate& own, const Authority* clients) :
        context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
        SSL_CTX_use_certificate(context_.get(), own.certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), own.key.get());
        SSL_CTX_set_tlsext_servername_callback(context_.get(), note_name);
        SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
        if (clients) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()),
                                clients->own().certificate.get());
            SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                               nullptr);
        }
        peer_.emplace([this](test::Socket& client) { serve(client); });
    }

    std::uint16_t port() const { return peer_->place().port; }
    // The name of the last handshake; "" when the client sent none.
    std::string server_name() const {
        const std::lock_guard lock(mutex_);
        return server_name_;
    }

  private:
    static int note_name(SSL* ssl, int*, void* self) {
        auto* server = static_cast<TlsServer*>(self);
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        const std::lock_guard lock(server->mutex_);
        server->server_name_ = name ? name : "";
        return SSL_TLSEXT_ERR_OK;
    }

    void serve(test::Socket& client) {
        // Blocking, but not for ever.
        ::fcntl(client.fd(), F_SETFL, ::fcntl(client.fd(), F_GETFL) & ~O_NONBLOCK);
        const timeval time{15, 0};
        ::setsockopt(client.fd(), SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
        const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context_.get()), SSL_free);
        SSL_set_fd(ssl.get(), client.fd());
        if (SSL_accept(ssl.get()) != 1) return;
        std::string question;
        while (question.find("\r\n\r\n") == std::string::npos) {
            char byte = 0;
            if (SSL_read(ssl.get(), &byte, 1) != 1) return;
            question += byte;
        }
        const std::string bytes = answer(200, "OK", "Api-Version: 1.44\r\n");
        SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
        SSL_shutdown(ssl.get());
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    mutable std::mutex mutex_;
    std::string server_name_ = "?";
    std::optional<test::Peer> peer_;
};

class EngineTls : public testing::Test {
  protected:
    EngineTls() { authority.own().write_certificate(dir / "ca.pem"); }
    void write_own(const Certificate& own) {
        own.write_certificate(dir / "cert.pem");
        own.write_key(dir / "key.pem");
    }
    Host host(const TlsServer& server, const std::string& name, bool verify = true) const {
        const auto made = parse_host("tcp://" + name + ":" + std::to_string(server.port()), true,
                                     dir.path(), verify);
        EXPECT_TRUE(made);
        return *made;
    }
    // The version that is agreed on, or what went wrong, without the host.
    std::string outcome(const Host& host) const {
        const auto version = Engine(host, 10s).version();
        if (version) return *version;
        const std::string start = host.to_string() + ": ";
        EXPECT_THAT(version.error().reason, StartsWith(start));
        return version.error().reason.substr(start.size());
    }

    test::TempDir dir;
    Authority authority;
};

}  // namespace

TEST_F(EngineTls, NamesAndAddressesAreVerified) {
    const TlsServer server(authority.sign("engine", "DNS:localhost,IP:127.0.0.1"), nullptr);
    EXPECT_EQ(outcome(host(server, "localhost")), "1.44");
    EXPECT_EQ(server.server_name(), "localhost");
    EXPECT_EQ(outcome(host(server, "127.0.0.1")), "1.44");
    EXPECT_EQ(server.server_name(), "");
}

TEST_F(EngineTls, AnotherName) {
    const TlsServer server(authority.sign("localhost", "DNS:engine.example"), nullptr);
    EXPECT_EQ(outcome(host(server, "localhost")),
              "the server's certificate is refused: hostname mismatch");
    EXPECT_EQ(outcome(host(server, "127.0.0.1")),
              "the server's certificate is refused: IP address mismatch");
    EXPECT_EQ(outcome(host(server, "localhost", false)), "1.44");
}

// As the docker client has it.
TEST_F(EngineTls, ACommonNameIsNoName) {
    const TlsServer server(authority.sign("localhost", ""), nullptr);
    EXPECT_EQ(outcome(host(server, "localhost")),
              "the server's certificate is refused: hostname mismatch");
}

TEST_F(EngineTls, AnotherAuthority) {
    const Authority another;
    const TlsServer server(another.sign("engine", "DNS:localhost"), nullptr);
    EXPECT_THAT(outcome(host(server, "localhost")),
                StartsWith("the server's certificate is refused: "));
    EXPECT_EQ(outcome(host(server, "localhost", false)), "1.44");
}

TEST_F(EngineTls, ACertificateOfOurOwn) {
    const TlsServer server(authority.sign("engine", "DNS:localhost"), &authority);
    EXPECT_NE(outcome(host(server, "localhost")), "1.44");
    write_own(Authority().sign("stranger", ""));
    EXPECT_NE(outcome(host(server, "localhost")), "1.44");
    write_own(authority.sign("client", ""));
    EXPECT_EQ(outcome(host(server, "localhost")), "1.44");
    EXPECT_EQ(outcome(host(server, "localhost", false)), "1.44");
}

TEST_F(EngineTls, FilesThatAreMissingOrWrong) {
    const TlsServer server(authority.sign("engine", "DNS:localhost"), nullptr);
    write_own(authority.sign("client", ""));
    ASSERT_EQ(outcome(host(server, "localhost")), "1.44");
    ASSERT_EQ(::unlink((dir / "key.pem").c_str()), 0);
    EXPECT_EQ(outcome(host(server, "localhost")),
              "cannot read " + (dir / "key.pem") + ": No such file or directory");
    test::write_in_place(dir / "key.pem", "no key");
    EXPECT_THAT(outcome(host(server, "localhost")),
                StartsWith((dir / "key.pem") + " is not understood: "));
    // A key of another certificate.
    authority.sign("another", "").write_key(dir / "key.pem");
    EXPECT_THAT(outcome(host(server, "localhost")),
                StartsWith((dir / "key.pem") + " is not understood: "));
    test::write_in_place(dir / "cert.pem", "no certificate");
    EXPECT_THAT(outcome(host(server, "localhost")),
                StartsWith((dir / "cert.pem") + " is not understood: "));
    test::write_in_place(dir / "ca.pem", "no authority");
    EXPECT_THAT(outcome(host(server, "localhost")),
                StartsWith((dir / "ca.pem") + " is not understood: "));
    ASSERT_EQ(::unlink((dir / "ca.pem").c_str()), 0);
    EXPECT_EQ(outcome(host(server, "localhost")),
              "cannot read " + (dir / "ca.pem") + ": No such file or directory");
}

TEST_F(EngineTls, AServerWithoutTls) {
    test::Peer peer([](test::Socket& client) {
        client.receive(5);
        client.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    Host host;
    host.kind = Host::Kind::kTls;
    host.name = "127.0.0.1";
    host.port = peer.place().port;
    host.certificates = dir.path();
    EXPECT_THAT(outcome(host), StartsWith("the TLS handshake failed: "));
}

TEST_F(EngineTls, AHandshakeThatStalls) {
    test::Peer peer(test::script::hold);
    Host host;
    host.kind = Host::Kind::kTls;
    host.name = "127.0.0.1";
    host.port = peer.place().port;
    host.certificates = dir.path();
    EXPECT_EQ(reason_of(Engine(host, 150ms).version()),
              host.to_string() + ": cannot connect within 150ms");
}
